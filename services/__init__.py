"""The independent services; none imports another, what passes between them are events."""
