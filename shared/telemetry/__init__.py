"""Logs, metrics and correlation ids; owns how a process speaks of itself, never of the people it serves."""
