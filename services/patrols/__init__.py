"""The patrols service. Owns teams, members, patrols, incidents and outreach sessions; reads no topic.

Publishes patrols.v1 and incidents.v1. Run: `python -m services.patrols`. Who sits on a team never leaves this service.
"""
