"""The catalogue as a page for people; knows no metric by name."""

from collections.abc import Iterable, Iterator
from typing import Any

from services.stats.catalogue import Catalogue, Metric, Percentile, Ratio

_INTRODUCTION = """# Figures

What every figure counts. Generated from `services/stats/catalogue` by `make docs`; do not edit.

A figure covers an interval that is stated with it, per commune and for the city. An **additive** figure is the sum of
what happened in the interval. A **level** is how much there is at its end. A **ratio** divides two additive figures of
the same interval; both are served beside it. A **percentile** is the length that so many percent did not exceed, told
from additive bins, with the number of cases and the bin in which it lies.

Every fact counts at its own time, in the period in which it happened, however late it arrived; a correction or
withdrawal takes it back in that period. A figure marked *ahead* counts at times that were planned or set by law, and
reaches up to the minute in progress.

"""


def page(catalogue: Catalogue) -> str:
    """The page in Markdown."""
    return _INTRODUCTION + "\n".join(_sections(catalogue)) + "\n"


def _sections(catalogue: Catalogue) -> Iterator[str]:
    for topic in dict.fromkeys(metric.topic for metric in catalogue.metrics.values()):
        yield f"## From `{topic}`\n"
        metrics = catalogue.of_topic(topic)
        yield from _table([metric for metric in metrics if metric.family is None])
        for family in dict.fromkeys(metric.family for metric in metrics if metric.family is not None):
            yield f"### Parts of `{family}`\n"
            yield from _table([metric for metric in metrics if metric.family == family])
    yield "## Ratios\n"
    yield from _table(catalogue.ratios.values())
    yield "## Percentiles\n"
    yield from _table(catalogue.percentiles.values())
    yield from _bins(catalogue)


def _bins(catalogue: Catalogue) -> Iterator[str]:
    for histogram in catalogue.histograms:
        edges = ", ".join(f"{edge:,}" for edge in histogram.edges)
        yield (
            f"Bins of `{histogram.id}`, in seconds: {edges}. A percentile is told as the geometric middle of its bin: "
            f"at most {histogram.relative_error:.0%} off between the first edge and the last, half of the first edge "
            "below it, and at least the last edge above it."
        )


def _table(figures: Iterable[Metric[Any] | Ratio | Percentile]) -> Iterator[str]:
    yield "| id | tên · title | đơn vị · unit | kind | what it counts |"
    yield "| --- | --- | --- | --- | --- |"
    for each in figures:
        unit = f"{each.unit_vi} · {each.unit_en}"
        kind = each.kind.value
        if isinstance(each, Ratio):
            kind = f"`{each.numerator.id}` ÷ `{each.denominator.id}` × {each.factor}"
        elif isinstance(each, Percentile):
            kind = f"P{each.percent} of `{each.histogram.id}`"
        elif each.ahead:
            kind += ", ahead"
        yield (
            f"| `{each.id}` | {each.title_vi} · {each.title_en} | {unit} | {kind} "
            f"| {each.explanation_vi} · {each.explanation_en} |"
        )
    yield ""
