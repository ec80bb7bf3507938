"""Looks at the served figures by the rules: decides what is seen, not what is done. Reads no clock, keeps nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from services.stats import windows
from services.stats.alerts import texts
from services.stats.alerts.chance import Belief, belief, false_alarms_a_month, silent_spells_a_month
from services.stats.alerts.findings import Finding, Found, Observation, Withheld
from services.stats.alerts.rules import FigureRule, HeartbeatRule, Rule, SilenceRule, SpikeRule, ThresholdRule
from services.stats.catalogue import Kind
from services.stats.feed.freshness import TopicFreshness
from services.stats.queries.areas import Area
from services.stats.queries.baseline import Baselines
from services.stats.queries.composition import Stated
from services.stats.serving.served import Served
from services.stats.windows import Interval
from shared.contracts.alerts import ClearedReason
from shared.contracts.stats import Tier
from shared.contracts.tips import TipDeadlineMissed, TipDeadlineWarned
from shared.errors import DomainError

BASELINE_DAYS: Final = 28  # four whole weeks: every weekday counts the same
LAST_SEEN_DAYS: Final = 56  # a unit that has not reported for longer does not usually report
CALM_PROBABILITY: Final = 0.05  # a figure that chance alone reaches one time in twenty is no spike any more
CALM_HEARTBEAT_S: Final = 12.0  # two beats
TOLD_BY_TIME: Final = frozenset(event.event_type() for event in (TipDeadlineWarned, TipDeadlineMissed))
"""Events that come although nobody in the unit does anything: they are no sign of life."""


@dataclass(slots=True)
class Look:
    """One look at one state of the figures."""

    served: Served
    rules: Mapping[str, Rule]
    topics: Mapping[str, TopicFreshness]
    as_of: datetime
    city: str
    since: datetime
    """When this process began to listen for heartbeats."""
    false_alarms_a_month: float
    _baselines: dict[str, Baselines] = field(default_factory=dict)
    _tested: int = 0

    def __post_init__(self) -> None:
        self.as_of = self.as_of.astimezone(self.served.zone)
        self.rules = {id: rule for id, rule in self.rules.items() if rule.enabled}
        judged = (rule for rule in self.rules.values() if isinstance(rule, SpikeRule | SilenceRule))
        self._tested = sum(len(self._units(rule)) for rule in judged)

    @property
    def allowance(self) -> float:
        """How often a month one rule may be wrong about one unit, so that all together keep to what is promised."""
        return self.false_alarms_a_month / max(1, self._tested)

    def find(self, units: frozenset[str] | None = None) -> Iterator[Found]:
        """What the rules see in these units, in all of them without; and what is heard of the owners."""
        for id, rule in self.rules.items():
            if isinstance(rule, HeartbeatRule):
                yield self._heartbeat(id, rule)
            elif not self.served.is_live:
                yield Withheld(id, None, "the figures are being rebuilt or catching up")
            elif not self.served.composition.knows(rule.metric):
                yield Withheld(id, None, f"there is no figure {rule.metric} any more")
            else:
                yield from self._figures(id, rule, units)

    def scope(self) -> frozenset[str]:
        """What each rule watches, as the key of the alert that there may be about it."""
        return frozenset(
            f"{id}/{unit}"
            for id, rule in self.rules.items()
            if not self._is_gone(rule)
            for unit in ((self.city,) if isinstance(rule, HeartbeatRule) else self._units(rule))
        )

    def _is_gone(self, rule: Rule) -> bool:
        """Whether what the rule looks at is no longer served: a figure, or a window with a name."""
        if isinstance(rule, HeartbeatRule) or not self.served.is_live:
            return False
        if not self.served.composition.knows(rule.metric):
            return True
        if isinstance(rule, SilenceRule):
            return False
        return rule.window not in windows.STANDARD and rule.window not in self.served.view.windows

    def _figures(self, id: str, rule: FigureRule, units: frozenset[str] | None) -> Iterator[Found]:
        incomplete = self.served.incomplete()
        for unit in self._units(rule):
            if units is not None and unit not in units:
                continue
            if unit in incomplete:
                yield Withheld(id, unit, "events of the unit are missing or could not be read")
                continue
            try:
                yield self._seen(id, rule, unit)
            except DomainError as error:  # a named window that is no longer offered
                yield Withheld(id, None, error.detail)
                return

    def _seen(self, id: str, rule: FigureRule, unit: str) -> Found:
        if isinstance(rule, ThresholdRule):
            return self._threshold(id, rule, unit)
        if isinstance(rule, SpikeRule):
            return self._spike(id, rule, unit)
        return self._silence(id, rule, unit)

    # -- one rule in one unit

    def _threshold(self, id: str, rule: ThresholdRule, unit: str) -> Found:
        interval = windows.find(rule.window, self.served.view.windows).interval(self.as_of)
        stated = self._stated(unit, rule.metric, interval)
        if stated.value is None:
            return Withheld(id, unit, "there is nothing to divide by or to rank", ClearedReason.NO_EVENTS)
        finding = _against(rule, stated.value)
        # The last part of a ratio is its denominator.
        if rule.minimum_events is not None and stated.parts[-1] < rule.minimum_events:
            return Withheld(id, unit, f"there are fewer than {rule.minimum_events} to divide by", finding.over)
        if rule.at_most is not None and not self._is_known(rule, unit, interval):
            return Withheld(
                id, unit, "the days of the interval are not all known: a count may be too low", finding.over
            )
        return self._observation(id, rule, unit, finding, interval.start, interval.end, stated.value, rule.limit, None)

    def _spike(self, id: str, rule: SpikeRule, unit: str) -> Found:
        interval = windows.find(rule.window, self.served.view.windows).interval(self.as_of)
        length = (interval.end - interval.start) / timedelta(days=1)
        first = interval.start.date() - timedelta(days=BASELINE_DAYS)
        known = self._known_rate(rule, unit, Interval.of_days(first, interval.start.date(), self.served.zone), length)
        if known is None:
            return Withheld(id, unit, "the 28 days before are not known")
        count = int(self._stated(unit, rule.metric, interval).value or 0)
        probability = known.at_least(count)
        expected_raises = false_alarms_a_month(count, probability, window_days=length)
        fires = count >= rule.minimum_events and expected_raises < self.allowance
        finding = _between(fires, probability > CALM_PROBABILITY)
        return self._observation(
            id, rule, unit, finding, interval.start, interval.end, count, known.expected, probability
        )

    def _silence(self, id: str, rule: SilenceRule, unit: str) -> Found:
        last = self._last_seen(rule, unit)
        if last is None:
            return Withheld(id, unit, f"the unit has not reported for {LAST_SEEN_DAYS} days: it does not usually")
        day = last.date() + timedelta(days=1)
        baseline = Interval.of_days(day - timedelta(days=BASELINE_DAYS), day, self.served.zone)
        known = self._known_rate(rule, unit, baseline, 1.0)
        if known is None:
            return Withheld(id, unit, "the 28 days before are not known")
        silent = max(timedelta(), self.as_of - last)
        probability = known.none_within(silent / timedelta(days=1))
        long_enough = silent >= timedelta(hours=rule.minimum_hours)
        fires = long_enough and silent_spells_a_month(known.expected, probability) < self.allowance
        return self._observation(
            id,
            rule,
            unit,
            _between(fires, not long_enough),
            last,
            self.as_of,
            round(silent / timedelta(hours=1), 1),
            known.expected,
            probability,
        )

    def _heartbeat(self, id: str, rule: HeartbeatRule) -> Found:
        topic = self.topics[rule.topic]
        beat_at = self.since if topic.heartbeat_age_s is None else self.as_of - timedelta(seconds=topic.heartbeat_age_s)
        silent_s = (self.as_of - beat_at).total_seconds()
        vi, en = texts.heartbeat(rule, silent_s)
        return Observation(
            finding=_between(silent_s >= rule.after_s, silent_s < CALM_HEARTBEAT_S),
            rule=id,
            kind=rule.kind,
            severity=rule.severity,
            unit=self.city,
            topic=rule.topic,
            start=beat_at,
            end=self.as_of,
            text_vi=vi,
            text_en=en,
        )

    # -- inside

    def _observation(
        self,
        id: str,
        rule: FigureRule,
        unit: str,
        finding: Finding,
        start: datetime,
        end: datetime,
        figure: float,
        expected: float,
        probability: float | None,
    ) -> Observation:
        place = self.served.places.get(unit)
        seen = texts.Seen(place.name if place else unit, start, end, figure, expected, probability)
        vi, en = texts.figure(rule, seen, self.served.composition.catalogue)
        return Observation(
            finding=finding,
            rule=id,
            kind=rule.kind,
            severity=rule.severity,
            unit=unit,
            metric=rule.metric,
            start=start,
            end=end,
            figure=figure,
            expected=expected,
            probability=probability,
            text_vi=vi,
            text_en=en,
        )

    def _units(self, rule: SpikeRule | SilenceRule | ThresholdRule) -> tuple[str, ...]:
        if rule.units == "city":
            return (rule.city,)
        if rule.units == "communes":
            return tuple(unit.code for unit in self.served.places.communes_of(rule.city))
        return rule.units

    def _stated(self, unit: str, metric: str, interval: Interval) -> Stated:
        return self.served.composition.over(self.served.view.series(unit), metric, interval)

    def _is_known(self, rule: FigureRule, unit: str, interval: Interval) -> bool:
        """Whether a count of the unit over the interval is known; what is made of counts shows that they are."""
        counted = self.served.composition.catalogue.metrics.get(rule.metric)
        area = Area(unit, self.served.view.series(unit), (unit,))
        return counted is None or self._of_city(rule.city).cover(counted.topic, area, interval)

    def _known_rate(
        self, rule: SpikeRule | SilenceRule, unit: str, baseline: Interval, window_days: float
    ) -> Belief | None:
        """What the baseline tells of the rate; None where the unit's figures of these days are not known."""
        if not self._is_known(rule, unit, baseline):
            return None
        counts = dict.fromkeys(range(baseline.first_pane, baseline.end_pane), 0)
        series = self.served.view.series(unit).get(rule.metric)
        if series is not None:
            counts.update(series.between(Tier.DAY, baseline.first_pane, baseline.end_pane))
        return belief([max(0, count) for count in counts.values()], window_days=window_days)

    def _last_seen(self, rule: SilenceRule, unit: str) -> datetime | None:
        """When the unit last reported something of this kind, or anything of the same topic."""
        end = Interval(self.as_of, self.as_of + timedelta(hours=1), Tier.HOUR).end_pane
        series = self.served.view.series(unit).get(rule.metric)
        newest = None if series is None else series.last(Tier.HOUR, end - LAST_SEEN_DAYS * 24, end)
        if newest is None:
            return None
        day, hour = divmod(newest, 24)
        last = datetime.fromordinal(day).replace(tzinfo=self.served.zone) + timedelta(hours=hour + 1)
        head = self.served.view.heads.get((self.served.composition.catalogue.metrics[rule.metric].topic, unit))
        event = None if head is None else head.last_event
        if event is not None and event.type not in TOLD_BY_TIME:
            last = max(last, event.recordedtime.astimezone(self.served.zone))
        return min(last, self.as_of)

    def _of_city(self, city: str) -> Baselines:
        if city not in self._baselines:
            self._baselines[city] = Baselines(self.served.view, city)
        return self._baselines[city]


def _between(fires: bool, calm: bool) -> Finding:
    return Finding.FIRING if fires else Finding.QUIET if calm else Finding.HOLDING


def _against(rule: ThresholdRule, figure: float) -> Finding:
    if rule.at_most is None:
        return _between(figure >= rule.limit, figure < rule.calm_limit)
    return _between(figure <= rule.limit, figure > rule.calm_limit)


def may_be_judged(kind: Kind) -> bool:
    """Whether figures of this kind are counts of events, of which chance can be reckoned."""
    return kind is Kind.ADDITIVE
