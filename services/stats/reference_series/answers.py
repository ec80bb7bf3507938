"""The form in which published values are shown, beside the period before and the same a year earlier. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from services.stats.reference_series.csv_file import Key
from services.stats.reference_series.periods import PublishedPeriod
from services.stats.reference_series.series import SERIES
from shared.store.client import Document

_NOT_KNOWN = {
    "reason_code": "not_published",
    "reason_vi": "Nguồn này không có số liệu của kỳ đó.",
    "reason_en": "The same source has no value of that period.",
}


def key_of(document: Document) -> Key:
    """What the document is about."""
    return document["series"], document["unit"], document["period"], document["source"]


def compared_with(document: Document) -> tuple[Key, Key]:
    """What it is compared with: the same source's value of the period before, and of the year before."""
    period = PublishedPeriod.parse(document["period"])
    series, unit, _, source = key_of(document)
    return (series, unit, period.previous.id, source), (series, unit, period.year_earlier.id, source)


def value_answer(
    document: Document, known: Mapping[Key, Document], earlier: Sequence[Document] | None
) -> dict[str, Any]:
    """One published value with what it is compared with, and, where asked for, what was said before."""
    period, series = PublishedPeriod.parse(document["period"]), SERIES[document["series"]]
    previous, year_earlier = (known.get(key) for key in compared_with(document))
    answer = {
        "series": series.id,
        "title_vi": series.title_vi,
        "title_en": series.title_en,
        "unit_vi": series.unit_vi,
        "unit_en": series.unit_en,
        "good": series.good,
        "unit": document["unit"],
        "period": {"id": period.id, "from": period.first, "to": period.last},
        **_said(document),
        "source": document["source"],
        "previous": _comparison(document, previous),
        "year_earlier": _comparison(document, year_earlier),
    }
    if earlier is not None:
        answer["replaced"] = [{**_said(each), "replaced_at": each["replaced_at"]} for each in earlier]
    return answer


def keys_compared(documents: Iterable[Document]) -> set[Key]:
    """All values that the documents are compared with."""
    return {key for document in documents for key in compared_with(document)}


def _said(document: Document) -> dict[str, Any]:
    return {
        "value": document["value"],
        "assumed": document["assumed"],
        "simulated": document["simulated"],
        "revision": document["revision"],
        "recorded_at": document["recorded_at"],
    }


def _comparison(document: Document, other: Document | None) -> dict[str, Any]:
    if other is None:
        return dict(_NOT_KNOWN)
    before, now = other["value"], document["value"]
    return {
        "period": other["period"],
        "value": before,
        "assumed": other["assumed"],
        "simulated": other["simulated"],
        "difference": round(now - before, 6),
        "relative_change": None if before == 0 else round((now - before) / before, 6),
    }
