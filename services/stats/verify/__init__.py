"""Recomputes every figure from the owners' journals and compares it with what the API serves.

Owns a second, simple way from events to figures; must not import the catalogue, the engine, the panes or the windows.
"""
