"""Every metric of the statistics and what counted facts contribute to it. To add one is to add a few lines here."""

import hashlib
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final
from zoneinfo import ZoneInfo

from services.stats.catalogue import awards, crime_reports, patrols, tips
from services.stats.catalogue.fingerprint import fingerprint, fingerprints
from services.stats.catalogue.histogram import Histogram, Percentile, Quantile
from services.stats.catalogue.metric import Good, Kind, Measure, Metric, Ratio
from services.stats.catalogue.reader import Reader, readers_of
from shared.contracts.topics import Topic


class Catalogue:
    """The metrics, ratios and percentiles in the order in which they are shown."""

    def __init__(
        self, metrics: tuple[Metric[Any], ...], ratios: tuple[Ratio, ...], percentiles: tuple[Percentile, ...] = ()
    ) -> None:
        self.metrics: Final[Mapping[str, Metric[Any]]] = {metric.id: metric for metric in metrics}
        self.ratios: Final[Mapping[str, Ratio]] = {ratio.id: ratio for ratio in ratios}
        self.percentiles: Final[Mapping[str, Percentile]] = {each.id: each for each in percentiles}
        self.histograms: Final = tuple({each.histogram.id: each.histogram for each in percentiles}.values())
        if len(set(self.ids)) != len(metrics) + len(ratios) + len(percentiles):
            raise ValueError("two figures of the catalogue have the same id")

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """Everything that can be asked for."""
        return (*self.metrics, *self.ratios, *self.percentiles)

    @cached_property
    def topics(self) -> Mapping[str, str]:
        """The topic of each metric that shows, on a day on which it counts, that the unit has reported."""
        return {metric.id: metric.topic for metric in self.metrics.values() if not metric.ahead}

    def of_topic(self, topic: str) -> tuple[Metric[Any], ...]:
        """The metrics that one topic feeds."""
        return tuple(metric for metric in self.metrics.values() if metric.topic == topic)

    def readers(self, topic: Topic) -> Mapping[str, Reader]:
        """How to read each event type of a topic that some metric counts."""
        return readers_of(topic, self.metrics.values(), self.histograms)

    @cached_property
    def digests(self) -> Mapping[str, str]:
        """By metric and histogram, what changes when it is counted in another way, but not with a title."""
        return fingerprints(self.metrics.values(), self.histograms)

    def counted_otherwise(self, digests: Mapping[str, str]) -> frozenset[str]:
        """The figures that rules with these digests do not count, or not as this catalogue does."""
        alike = {id for id, digest in self.digests.items() if digests.get(id) == digest}
        ratios = {r.id for r in self.ratios.values() if {r.numerator.id, r.denominator.id} <= alike}
        percentiles = {
            each.id for each in self.percentiles.values() if {each.histogram.id, each.histogram.counted.id} <= alike
        }
        return frozenset(self.ids) - alike - ratios - percentiles

    @cached_property
    def digest(self) -> str:
        """Changes when anything is counted in another way."""
        return fingerprint(self.digests)


CATALOGUE: Final = Catalogue(
    metrics=(*tips.METRICS, *patrols.METRICS, *awards.METRICS),
    ratios=(*tips.RATIOS, *patrols.RATIOS),
    percentiles=crime_reports.PERCENTILES,
)


def generation(catalogue: Catalogue, zone: ZoneInfo, places_digest: str) -> str:
    """Names the rules that figures are made by: with another generation every figure is folded anew."""
    rules = "\n".join((catalogue.digest, zone.key, places_digest))
    return hashlib.sha256(rules.encode()).hexdigest()[:16]


__all__ = [
    "CATALOGUE",
    "Catalogue",
    "Good",
    "Histogram",
    "Kind",
    "Measure",
    "Metric",
    "Percentile",
    "Quantile",
    "Ratio",
    "Reader",
    "generation",
]
