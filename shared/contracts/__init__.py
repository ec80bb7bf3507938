"""What passes between services: event types, topics and their frozen schemas. Imports no service and does no I/O."""
