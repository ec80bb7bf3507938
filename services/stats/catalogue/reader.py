"""Turns the data of one event into what it contributes to metrics; knows neither panes nor positions."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any, Final, TypeAlias

import msgspec

from services.stats.catalogue.facts import Change, FactKind, Facts
from services.stats.catalogue.histogram import Histogram
from services.stats.catalogue.metric import Metric, one
from shared.contracts.topics import Topic
from shared.messaging.codec import Undecodable

Contribution: TypeAlias = tuple[str, datetime, int]
"""(metric, when, how many)."""


class _Same(dict[str, str]):
    """Every name is its own."""

    def __missing__(self, name: str) -> str:
        return name


_AS_THEY_ARE: Final = _Same()
_Rule: TypeAlias = tuple[str, Callable[[Any], datetime | None], Callable[[Any], int]]


class Reader:
    """Reads the events of one kind of aggregate.

    `metrics` count its facts, of one or of several types; so do `histograms`, of types that some metric counts.
    """

    def __init__(self, prefix: str, metrics: Iterable[Metric[Any]], histograms: Iterable[Histogram[Any]] = ()) -> None:
        rules: defaultdict[FactKind[Any], list[_Rule]] = defaultdict(list)
        for metric in metrics:
            rules[metric.of].extend((metric.id, counted.at, counted.amount) for counted in metric.counts)
        any_of_them = reduce(or_, (kind.facts for kind in rules))
        self._prefix = prefix
        self._decode = msgspec.json.Decoder(Change[any_of_them]).decode  # type: ignore[valid-type]
        self._rules = {
            kind.facts: (kind, tuple(of_kind), tuple(each for each in histograms if each.of is kind))
            for kind, of_kind in rules.items()
        }

    def change(self, data: bytes | msgspec.Raw) -> tuple[Facts | None, Facts | None]:
        """The facts before and after. Raises: Undecodable."""
        try:
            change = self._decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Undecodable(f"the facts of a {self._prefix} do not fit: {error}") from error
        return change.was, change.is_

    def origin(self, facts: Facts) -> tuple[datetime | None, str | None]:
        """When, by the map of that day, and in which residential group the aggregate lies."""
        kind, _, _ = self._rules[type(facts)]
        return kind.day(facts), kind.group(facts)

    def contributions(self, facts: Facts, names: Mapping[str, str] = _AS_THEY_ARE) -> list[Contribution]:
        """What an aggregate with these facts counts for, in all metrics and bins, by their names among `names`."""
        found = []
        _, rules, histograms = self._rules[type(facts)]
        for metric, at, amount in rules:
            when = at(facts)
            if when is not None:
                found.append((names[metric], when, 1 if amount is one else amount(facts)))
        for histogram in histograms:
            when = histogram.at(facts)
            if when is not None:
                found.append((names[histogram.bin_of(facts)], when, 1))
        return found


def readers_of(
    topic: Topic, metrics: Iterable[Metric[Any]], histograms: Iterable[Histogram[Any]] = ()
) -> Mapping[str, Reader]:
    """The reader of every event type that the topic carries and that some metric counts."""
    feeding: defaultdict[str, list[Metric[Any]]] = defaultdict(list)
    for metric in metrics:
        if metric.topic == topic.name:
            feeding[metric.of.prefix].append(metric)
    binned = tuple(histograms)
    readers = {prefix: Reader(prefix, counting, binned) for prefix, counting in feeding.items()}
    types = [event.event_type() for event in topic.events]
    return {each: readers[prefix] for each in types if (prefix := each.partition(".")[0]) in readers}
