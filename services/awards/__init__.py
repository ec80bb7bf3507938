"""The awards service. Owns awards, campaigns, exemplars, community models and legal instruments; reads no topic.

Publishes awards.v1. Run: `python -m services.awards`. Who is honoured never leaves this service.
"""
