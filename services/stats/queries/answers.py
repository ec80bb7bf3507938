"""The form in which the API shows units, windows and metrics; computes no figure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import orjson

from services.stats.catalogue import Metric, Percentile, Quantile, Ratio
from services.stats.panes import Head
from services.stats.view.series import PANES_A_DAY
from services.stats.windows import Comparison, Interval, Reason, Window
from shared.contracts.stats import Tier
from shared.places import Unit


def unit_answer(unit: Unit) -> dict[str, Any]:
    """A unit as the API shows it."""
    return {
        "code": unit.code,
        "name": unit.name,
        "kind": unit.kind.value,
        "city": unit.city,
        "district": unit.district,
        "lat": unit.latitude,
        "lon": unit.longitude,
        "area_km2": unit.area_km2,
        "valid_from": unit.valid_from,
        "valid_to": unit.valid_to,
    }


def positions_of(heads: Iterable[Head]) -> dict[str, dict[str, int]]:
    """Up to which position figures contain the events, by topic and unit."""
    found: dict[str, dict[str, int]] = {}
    for head in heads:
        found.setdefault(head.topic, {})[head.unit] = head.position
    return found


def positions_digest(positions: Mapping[str, Mapping[str, int]]) -> str:
    """Tells whether two answers contain the same events, without all their positions."""
    return hashlib.sha256(orjson.dumps(positions, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]


def window_answer(window: Window, interval: Interval) -> dict[str, Any]:
    return {
        "id": window.id,
        "title_vi": window.title_vi,
        "title_en": window.title_en,
        "kind": window.kind,
        **interval_answer(interval),
    }


def interval_answer(interval: Interval) -> dict[str, Any]:
    return {"start": interval.start, "end": interval.end, "tier": interval.tier.value}


def comparison_answer(comparison: Comparison | Reason) -> dict[str, Any]:
    if isinstance(comparison, Reason):
        return {"reason_code": comparison.code, "reason_vi": comparison.vi, "reason_en": comparison.en}
    return {**interval_answer(comparison.baseline), "current": interval_answer(comparison.current)}


def metric_answer(metric: Metric[Any]) -> dict[str, Any]:
    return {
        "id": metric.id,
        "title_vi": metric.title_vi,
        "title_en": metric.title_en,
        "explanation_vi": metric.explanation_vi,
        "explanation_en": metric.explanation_en,
        "unit_vi": metric.measure.vi,
        "unit_en": metric.measure.en,
        "kind": metric.kind.value,
        "good": metric.good.value,
        "headline": metric.headline,
        "family": metric.family,
        "topic": metric.topic,
    }


def ratio_answer(ratio: Ratio) -> dict[str, Any]:
    return {
        "id": ratio.id,
        "title_vi": ratio.title_vi,
        "title_en": ratio.title_en,
        "explanation_vi": ratio.explanation_vi,
        "explanation_en": ratio.explanation_en,
        "unit_vi": ratio.unit_vi,
        "unit_en": ratio.unit_en,
        "kind": ratio.kind.value,
        "good": ratio.good.value,
        "headline": ratio.headline,
        "numerator": ratio.numerator.id,
        "topic": ratio.denominator.topic,
        "denominator": ratio.denominator.id,
        "factor": ratio.factor,
    }


def percentile_answer(percentile: Percentile) -> dict[str, Any]:
    return {
        "id": percentile.id,
        "title_vi": percentile.title_vi,
        "title_en": percentile.title_en,
        "explanation_vi": percentile.explanation_vi,
        "explanation_en": percentile.explanation_en,
        "unit_vi": percentile.unit_vi,
        "unit_en": percentile.unit_en,
        "kind": percentile.kind.value,
        "good": percentile.good.value,
        "headline": percentile.headline,
        "topic": percentile.topic,
        "percent": percentile.percent,
        "relative_error": round(percentile.histogram.relative_error, 4),
    }


def quantile_answer(quantile: Quantile | None) -> dict[str, Any]:
    """What stands beside the value of a percentile: how many it is told from, and the bin in which it lies."""
    if quantile is None:
        return {"n": 0, "lower": None, "upper": None}
    return {"n": quantile.n, "lower": quantile.lower, "upper": quantile.upper}


def pane_start(tier: Tier, number: int) -> str:
    per_day = PANES_A_DAY[tier]
    day = date.fromordinal(number // per_day)
    if tier is Tier.DAY:
        return day.isoformat()
    minutes = number % per_day * (24 * 60 // per_day)
    return f"{day.isoformat()}T{minutes // 60:02d}:{minutes % 60:02d}"
