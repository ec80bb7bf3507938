"""The system on a bare machine: owns the embedded servers and the supervisor, knows nothing of what the services do."""
