"""What this process counts by: catalogue, time zone and places, as one record and as empty folds. Counts nothing."""

from __future__ import annotations

from collections.abc import Callable

from services.stats.catalogue import CATALOGUE, generation
from services.stats.engine import Fold
from shared.contracts.stats import Rules
from shared.places import places
from shared.settings import Settings


def rules_of(settings: Settings) -> Rules:
    """The rules of this process, and the generation that they make."""
    known = places().digest()
    return Rules(
        generation=generation(CATALOGUE, settings.zone, known),
        time_zone=settings.time_zone,
        places=known,
        series=dict(CATALOGUE.digests),
    )


def folds_of(settings: Settings, generation: str) -> Callable[[str, int, str], Fold]:
    """Makes the empty fold of a topic's partition on a cluster."""
    units, zone = places(), settings.zone

    def new_fold(topic: str, partition: int, cluster_id: str) -> Fold:
        return Fold(
            topic,
            partition,
            generation=generation,
            cluster_id=cluster_id,
            today_unit=lambda unit, group, day: units.today_unit(unit, day, group),
            zone=zone,
        )

    return new_fold
