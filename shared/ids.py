"""Identifiers; owns which version of UUID is used where, and nothing of what they name."""

from __future__ import annotations

import uuid

import uuid_utils


def new_id() -> str:
    """A UUIDv7: its order follows its creation, which keeps indexes compact."""
    return str(uuid_utils.uuid7())


def anonymous_id() -> str:
    """A UUIDv4: unlike `new_id` it does not tell when it was made, as an anonymous report requires."""
    return str(uuid.uuid4())
