"""The tips service. Owns tips and advisory documents; reads no topic.

Publishes tips.v1. Run: `python -m services.tips`. Who gave a tip is sealed at intake and never leaves this service.
"""
