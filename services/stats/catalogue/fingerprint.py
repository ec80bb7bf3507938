"""Tells whether two catalogues count alike, by what they make of the same made-up facts; knows no metric by name."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from enum import Enum
from itertools import product
from typing import Any, Final

import msgspec

from services.stats.catalogue.facts import FactKind, Facts
from services.stats.catalogue.histogram import Histogram
from services.stats.catalogue.metric import Metric

_BEGIN: Final = datetime(2026, 1, 1, tzinfo=UTC)


def probes(kind: FactKind[Any]) -> Iterator[Facts]:
    """Facts of one kind with every combination of coded values, and with each optional time present and absent.

    Times rise in the order of the fields, fall, and are all the same, because what counts may depend on their order.
    """
    fields = msgspec.structs.fields(kind.facts)
    times = [field for field in fields if field.name.endswith("_at")]
    coded = {field.name: values for field in fields if (values := _values(kind, field))}
    amounts: dict[str, Any] = {
        field.name: 3 + index for index, field in enumerate(fields) if field.name in ("participants", "attendance")
    }
    if any(field.name == "residential_groups" for field in fields):
        amounts["residential_groups"] = ("a", "b", "c")
    if any(field.name == "residential_group" for field in fields):
        amounts["residential_group"] = "a"
    optional = [field.name for field in times if not field.required]
    for step, combination in product((1, -1, 0), product(*coded.values())):
        moments = {field.name: _BEGIN + step * timedelta(days=index) for index, field in enumerate(times)}
        for absent in (set(), set(optional), *({name} for name in optional), *(set(optional) - {n} for n in optional)):
            known = {name: at for name, at in moments.items() if name not in absent}
            yield msgspec.convert({**dict(zip(coded, combination, strict=True)), **amounts, **known}, kind.facts)


def fingerprints(metrics: Iterable[Metric[Any]], histograms: Iterable[Histogram[Any]] = ()) -> dict[str, str]:
    """A digest of what each metric and histogram counts, by its id, the same on every version of Python."""
    digests: dict[str, str] = {}
    known: dict[type[Facts], list[Facts]] = {}
    for metric in metrics:
        digest = hashlib.sha256(f"{metric.id} {metric.kind}\n".encode())
        facts = known.get(metric.of.facts) or known.setdefault(metric.of.facts, list(probes(metric.of)))
        digest.update(_areas(metric.of, facts))
        for counted in metric.counts:
            counts = [(at.isoformat(), counted.amount(each)) for each in facts if (at := counted.at(each)) is not None]
            digest.update(f"{metric.of.facts.__name__} {counts}\n".encode())
        digests[metric.id] = digest.hexdigest()[:16]
    for histogram in histograms:
        facts = known.get(histogram.of.facts) or known.setdefault(histogram.of.facts, list(probes(histogram.of)))
        bins = [(at.isoformat(), histogram.bin_of(each)) for each in facts if (at := histogram.at(each)) is not None]
        text = f"{histogram.id} {histogram.edges} {histogram.of.facts.__name__} {bins}\n"
        digests[histogram.id] = hashlib.sha256(text.encode() + _areas(histogram.of, facts)).hexdigest()[:16]
    return digests


def fingerprint(digests: Mapping[str, str]) -> str:
    """One digest of all of them, in their order."""
    return hashlib.sha256("\n".join(f"{id} {digest}" for id, digest in digests.items()).encode()).hexdigest()


def _areas(kind: FactKind[Any], facts: Iterable[Facts]) -> bytes:
    """What decides to whose area of today each fact belongs: it says where the same amount is counted."""
    found = [(None if (day := kind.day(each)) is None else day.isoformat(), kind.group(each)) for each in facts]
    return f"{found}\n".encode()


def _values(kind: FactKind[Any], field: msgspec.structs.FieldInfo) -> list[Any]:
    if field.type is bool:
        return [False, True]
    public = kind.contract.model_fields[field.name].annotation
    return [each.value for each in public] if isinstance(public, type) and issubclass(public, Enum) else []
