"""Tells whether the broker still has what it acknowledged; repairs nothing."""

from collections.abc import Mapping

from shared.messaging.admin import Admin, BrokerView
from shared.messaging.producer import partition_of
from shared.outbox.watermarks import Publication


class BrokerLost(Exception):
    """The broker no longer has what it acknowledged; the text says how that showed."""


async def what_was_lost(
    admin: Admin, view: BrokerView, publication: Publication, ends: Mapping[int, int]
) -> str | None:
    """Why the publication is over, or None while the broker has all of it.

    Shape: `ends` is partition -> how many records it must hold at least.
    """
    if view.cluster_id != publication.cluster_id:
        return f"another broker answers: {view.cluster_id}, not {publication.cluster_id}"
    if publication.topic not in view.partitions:
        return "the topic is gone"
    lost = await admin.first_lost(publication.topic, ends)
    if lost is not None:
        return f"partition {lost[0]} ends at {lost[1]}, before {ends[lost[0]]}"
    return None


def least_ends(published: Mapping[str, int], partitions: int) -> dict[int, int]:
    """What the partitions of a topic must hold at least: each acknowledged position is one record."""
    ends: dict[int, int] = {}
    for unit, position in published.items():
        partition = partition_of(unit, partitions)
        ends[partition] = ends.get(partition, 0) + position
    return ends
