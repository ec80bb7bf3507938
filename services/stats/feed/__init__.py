"""Keeps the served view up to date and tells how far it may be trusted. Computes no figure."""

from services.stats.feed.feed import Feed, Status

__all__ = ["Feed", "Status"]
