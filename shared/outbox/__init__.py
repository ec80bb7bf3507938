"""Transactional outbox: entries numbered per (topic, unit), the relay that publishes them, and their journal."""
