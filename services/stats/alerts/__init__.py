"""Tells people what the figures make suspicious: rules, alerts, and who is told. Owns no figure and counts nothing."""
