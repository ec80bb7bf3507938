"""The collections that an outbox keeps in its owner's database."""

from typing import Final

LINEAGE: Final = "outbox_lineage"  # one document: the id of these sequences
COUNTERS: Final = "outbox_counters"  # per (topic, unit): the highest committed position
ENTRIES: Final = "outbox_entries"  # per transaction and (topic, unit): finished records; kept for good as the journal
PUBLICATIONS: Final = "outbox_publications"  # per topic: which broker holds it, and the how-manieth one
WATERMARKS: Final = "outbox_watermarks"  # per publication and unit: the last acknowledged position
LEASES: Final = "outbox_leases"  # per topic: which relay publishes it, until when
