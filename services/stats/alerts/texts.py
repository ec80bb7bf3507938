"""What an alert says to people, in Vietnamese and in English; decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.stats.alerts.rules import FigureRule, HeartbeatRule, SpikeRule, ThresholdRule
from services.stats.catalogue import Catalogue
from shared.contracts.alerts import ClearedReason

CLEARED: Final[Mapping[ClearedReason, tuple[str, str]]] = {
    ClearedReason.CALM: ("Số liệu đã trở lại bình thường.", "The figure is calm again."),
    ClearedReason.NO_EVENTS: ("Không còn gì để tính tỷ lệ.", "There is nothing left to divide by or to rank."),
    ClearedReason.NOT_WATCHED: ("Không còn quy tắc nào theo dõi số liệu này.", "No rule watches this figure any more."),
}
"""Why an alert is over."""
_RARE: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Seen:
    """What was looked at: the place, the interval, the figure and what was expected of it."""

    place: str
    start: datetime
    end: datetime
    figure: float
    expected: float
    probability: float | None


def figure(rule: FigureRule, seen: Seen, catalogue: Catalogue) -> tuple[str, str]:
    """The sentences about a figure."""
    if isinstance(rule, ThresholdRule):
        return _threshold(rule, seen, catalogue)
    return _spike(rule, seen, catalogue) if isinstance(rule, SpikeRule) else _silence(rule, seen, catalogue)


def heartbeat(rule: HeartbeatRule, silent_s: float) -> tuple[str, str]:
    """The sentences about an owner that tells nothing."""
    minutes = silent_s / 60
    return (
        f"{rule.title_vi} trong {_vi(minutes)} phút. Số liệu của {rule.topic} có thể không còn là hiện tại.",
        f"{rule.title_en} for {minutes:.1f} minutes. Figures of {rule.topic} may not be of now.",
    )


def _threshold(rule: ThresholdRule, seen: Seen, catalogue: Catalogue) -> tuple[str, str]:
    vi, en = _titles(rule.metric, catalogue)
    limit_vi, limit_en = ("ngưỡng", "limit") if rule.at_most is None else ("ngưỡng dưới", "lower limit")
    return (
        f"{rule.title_vi}. {seen.place}: {vi} là {_vi(seen.figure)} {_span_vi(seen)}; "
        f"{limit_vi} là {_vi(seen.expected)}.",
        f"{rule.title_en}. {seen.place}: {en} is {seen.figure:g} {_span_en(seen)}; "
        f"the {limit_en} is {seen.expected:g}.",
    )


def _spike(rule: SpikeRule, seen: Seen, catalogue: Catalogue) -> tuple[str, str]:
    vi, en = _titles(rule.metric, catalogue)
    return (
        f"{rule.title_vi}. {seen.place}: {vi} là {_vi(seen.figure)} {_span_vi(seen)}; theo 28 ngày trước thường khoảng "
        f"{_vi(seen.expected)}. Xác suất ngẫu nhiên đạt mức này {_chance_vi(seen.probability)}.",
        f"{rule.title_en}. {seen.place}: {en} is {seen.figure:g} {_span_en(seen)}; by the 28 days before, "
        f"about {seen.expected:.2g} is usual. Chance alone reaches this with a probability of "
        f"{_chance_en(seen.probability)}.",
    )


def _silence(rule: FigureRule, seen: Seen, catalogue: Catalogue) -> tuple[str, str]:
    vi, en = _titles(rule.metric, catalogue)
    return (
        f"{rule.title_vi}. {seen.place}: {vi} không có báo cáo trong {_vi(seen.figure)} giờ, kể từ "
        f"{seen.start:%H:%M %d/%m/%Y}; thường khoảng {_vi(seen.expected)} mỗi ngày. "
        f"Xác suất ngẫu nhiên im lặng lâu như vậy {_chance_vi(seen.probability)}.",
        f"{rule.title_en}. {seen.place}: nothing of {en} has been reported for {seen.figure:g} hours, since "
        f"{seen.start:%Y-%m-%d %H:%M}; about {seen.expected:.2g} a day is usual. Chance alone is silent for so long "
        f"with a probability of {_chance_en(seen.probability)}.",
    )


def _titles(metric: str, catalogue: Catalogue) -> tuple[str, str]:
    found = catalogue.metrics.get(metric) or catalogue.ratios.get(metric) or catalogue.percentiles[metric]
    return f"“{found.title_vi}”", f"“{found.title_en}”"


def _span_vi(seen: Seen) -> str:
    return f"từ {seen.start:%H:%M %d/%m/%Y} đến {seen.end:%H:%M %d/%m/%Y}"


def _span_en(seen: Seen) -> str:
    return f"from {seen.start:%Y-%m-%d %H:%M} to {seen.end:%Y-%m-%d %H:%M}"


def _vi(number: float) -> str:
    return f"{number:.3g}".replace(".", ",") if number < 100 else f"{number:.0f}"


def _chance_vi(probability: float | None) -> str:
    if probability is None or probability < _RARE:
        return "dưới một phần triệu"
    return f"khoảng 1/{1 / probability:.0f}"


def _chance_en(probability: float | None) -> str:
    if probability is None or probability < _RARE:
        return "less than one in a million"
    return f"about 1 in {1 / probability:.0f}"
