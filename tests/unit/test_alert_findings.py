"""What the rules see in figures that a test sets: spikes, limits, silences, heartbeats, and when they say nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, cast

import msgspec
import pytest
from pydantic import ValidationError

from services.stats.alerts.findings import Finding, Found, Observation, Withheld, steps
from services.stats.alerts.looking import Look
from services.stats.alerts.rules import RULE, HeartbeatRule, Rule, default_rules
from services.stats.catalogue import CATALOGUE
from services.stats.feed import Feed
from services.stats.feed.freshness import TopicFreshness
from services.stats.panes import LastEvent
from services.stats.queries.composition import Composition
from services.stats.serving.served import Served
from shared.contracts.stats import Tier
from shared.places import places
from tests.support.console_rig import ZONE, ScriptedFeed

UNIT, OTHER = "00070", "00004"
RATE = "violations_per_1000_patrols"
NOW = datetime(2026, 11, 23, 15, 30, tzinfo=ZONE)
DEFAULT_RULES = default_rules("01")
FIRES = DEFAULT_RULES["fires-spike"]
SILENCE = DEFAULT_RULES["patrols-silence"]


class City:
    """Figures of a made-up city, with a word about all of its topics every day so that baselines are known."""

    def __init__(self) -> None:
        self.feed = ScriptedFeed()
        self.silent_s = 3.0
        for back in range(40):
            day = NOW - timedelta(days=back)
            for unit in (UNIT, OTHER):
                self.happened("violations_detected", day.replace(hour=1), unit=unit)
                self.happened("patrols_completed", day.replace(hour=1), 12, unit=unit)

    def happened(self, metric: str, at: datetime, amount: int = 1, *, unit: str = UNIT) -> None:
        self.feed.put(unit, metric, amount, at, tuple(Tier))

    def find(self, rules: Mapping[str, Rule], units: frozenset[str] | None = None) -> list[Found]:
        for source in list(self.feed._amounts):
            self.feed.commit(source)
            self.feed.apply(source)
        served = Served(cast(Feed, self.feed), Composition(CATALOGUE), places(), ZONE, self.feed.generation)
        heard: list[TopicFreshness] = self.feed.freshness(NOW)["topics"]
        topics = {topic.topic: _silent(topic, self.silent_s) for topic in heard}
        self.look = Look(served, rules, topics, NOW, "01", NOW - timedelta(hours=1), 1.0)
        return list(self.look.find(units))

    look: Look

    def seen(self, id: str, rule: Rule, unit: str = UNIT) -> Observation:
        found = [each for each in self.find({id: rule}) if each.unit == unit]
        assert isinstance(found[0], Observation), found
        return found[0]


def _silent(topic: TopicFreshness, age_s: float) -> TopicFreshness:
    values: dict[str, Any] = {name: getattr(topic, name) for name in topic.__slots__}
    return TopicFreshness(**{**values, "heartbeat_age_s": age_s})


@pytest.fixture
def city() -> City:
    return City()


def rule(**said: Any) -> Rule:
    return RULE.validate_python({"title_vi": "Thử", "title_en": "Try", **said})


def test_one_fire_in_a_commune_that_hardly_knows_any_is_quiet(city: City) -> None:
    city.happened("fire_incidents_handled", NOW - timedelta(days=12))
    city.happened("fire_incidents_handled", NOW - timedelta(hours=2))

    assert city.seen("fires", FIRES).finding is Finding.QUIET


def test_five_fires_in_a_day_are_a_spike_and_say_so_in_both_languages(city: City) -> None:
    city.happened("fire_incidents_handled", NOW - timedelta(days=12))
    for hour in range(5):
        city.happened("fire_incidents_handled", NOW - timedelta(hours=hour))

    seen = city.seen("fires", FIRES)

    assert seen.finding is Finding.FIRING
    assert seen.figure == 5
    assert seen.probability is not None
    assert seen.probability < 1e-6
    assert "5" in seen.text_vi
    assert "Hoàn Kiếm" in seen.text_vi
    assert "28 days before" in seen.text_en


def test_five_times_as_many_patrols_are_a_spike(city: City) -> None:
    city.happened("patrols_completed", NOW - timedelta(hours=3), 50)

    assert city.seen("patrols", DEFAULT_RULES["patrols-spike"]).finding is Finding.FIRING


def test_between_a_spike_and_calm_nothing_begins_and_nothing_ends(city: City) -> None:
    for _ in range(2):
        city.happened("fire_incidents_handled", NOW - timedelta(hours=2))

    assert city.seen("fires", FIRES).finding is Finding.HOLDING


def test_a_limit_has_a_band_below_it(city: City) -> None:
    limit = rule(kind="threshold", metric="rescues_handled", window="day", at_least=3, clear_below=2)
    found = []

    for _ in range(4):
        found.append(city.seen("rescues", limit).finding)
        city.happened("rescues_handled", NOW - timedelta(hours=2))

    assert found == [Finding.QUIET, Finding.QUIET, Finding.HOLDING, Finding.FIRING]


def test_a_lower_limit_has_a_band_above_it(city: City) -> None:
    limit = rule(kind="threshold", metric=RATE, window="PT24H", at_most=50, clear_above=80)
    found = []

    for patrols, violations in ((0, 0), (8, 0), (5, 1), (-1, 0)):  # 1/12, 1/20, 2/25, 2/24
        city.happened("patrols_completed", NOW - timedelta(hours=2), patrols)
        city.happened("violations_detected", NOW - timedelta(hours=2), violations)
        found.append(city.seen("rate", limit).finding)

    assert found == [Finding.QUIET, Finding.FIRING, Finding.HOLDING, Finding.QUIET]


def test_without_a_band_a_figure_above_its_lower_limit_is_calm_and_says_so_in_both_languages(city: City) -> None:
    city.happened("patrols_completed", NOW - timedelta(hours=2), 7)

    above = city.seen("rate", rule(kind="threshold", metric=RATE, window="PT24H", at_most=50))
    city.happened("patrols_completed", NOW - timedelta(hours=2), 3)
    below = city.seen("rate", rule(kind="threshold", metric=RATE, window="PT24H", at_most=50))

    assert (above.finding, below.finding) == (Finding.QUIET, Finding.FIRING)
    assert below.expected == 50
    assert "the lower limit is 50" in below.text_en
    assert "ngưỡng dưới là 50" in below.text_vi


@pytest.mark.parametrize("limit", [{"at_least": 500}, {"at_most": 2000}])
def test_a_ratio_is_not_judged_before_its_denominator_is_large_enough(city: City, limit: dict[str, Any]) -> None:
    rate = {"rate": rule(kind="threshold", metric=RATE, window="PT1H", minimum_events=3, **limit)}
    found = []

    for _ in range(3):
        city.happened("patrols_completed", NOW)
        city.happened("violations_detected", NOW)
        found += city.find(rate, frozenset({UNIT}))

    assert [type(each) for each in found] == [Withheld, Withheld, Observation]
    assert [each.key for each in steps(found, {}, scope=city.look.scope()).to_raise] == [f"rate/{UNIT}"]


@pytest.mark.parametrize(("violations", "over"), [(2, {}), (0, {f"rate/{UNIT}": "calm"})])
def test_below_the_minimum_an_open_alert_is_over_only_if_the_ratio_is_calm(
    city: City, violations: int, over: dict[str, str]
) -> None:
    rate = rule(kind="threshold", metric=RATE, window="PT1H", at_least=500, minimum_events=3)
    city.happened("patrols_completed", NOW, 2)
    city.happened("violations_detected", NOW, violations)

    found = city.find({"rate": rate}, frozenset({UNIT}))

    assert steps(found, {f"rate/{UNIT}": "a"}, scope=city.look.scope()).to_clear == over


def test_a_count_is_below_its_lower_limit_only_where_it_is_known(city: City) -> None:
    few = {"few": rule(kind="threshold", metric="rescues_handled", window="P7D", at_most=2)}
    unknown = City()
    unknown.feed = ScriptedFeed()
    unknown.happened("rescues_handled", NOW)

    (known,) = city.find(few, frozenset({UNIT}))
    (withheld,) = unknown.find(few, frozenset({UNIT}))
    unknown.happened("rescues_handled", NOW, 2)
    (enough,) = unknown.find(few, frozenset({UNIT}))

    assert isinstance(known, Observation)
    assert (known.finding, known.figure) == (Finding.FIRING, 0)
    assert isinstance(withheld, Withheld)
    assert (withheld.over, enough.over) == (None, "calm")


@pytest.mark.parametrize("limits", [{}, {"at_least": 3, "at_most": 1}, {"at_most": -1}])
def test_a_threshold_has_one_limit(limits: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        rule(kind="threshold", metric="rescues_handled", window="P7D", **limits)


def test_too_few_crime_reports_decided_on_time_are_an_alert_of_the_city(city: City) -> None:
    on_time = DEFAULT_RULES["city-crime-reports-on-time"]
    city.happened("crime_reports_decided_on_time", NOW - timedelta(days=3), 17)
    city.happened("crime_reports_decided_with_deadline", NOW - timedelta(days=3), 19)

    (few,) = city.find({"on-time": on_time})
    city.happened("crime_reports_decided_with_deadline", NOW - timedelta(days=3))

    assert isinstance(few, Withheld)
    assert city.seen("on-time", on_time, "01").finding is Finding.FIRING


def test_a_unit_that_usually_reports_and_does_not_is_silent() -> None:
    city = City()
    for day in range(4):
        city.happened("patrols_completed", (NOW - timedelta(days=day)).replace(hour=1), -12)

    seen, other = city.seen("silence", SILENCE), city.seen("silence", SILENCE, OTHER)

    # The head of the unit tells that its last event was recorded just now: late uploads are no silence.
    assert seen.finding is Finding.QUIET
    assert other.finding is Finding.QUIET


def test_silence_counts_from_the_last_report(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    for day in range(4):
        city.happened("patrols_completed", (NOW - timedelta(days=day)).replace(hour=1), -12)
    city.find({})
    for head in city.feed.view.heads.values():
        assert head.last_event is not None
        monkeypatch.setattr(city.feed, "apply", lambda source: frozenset())
    heads = {source: _recorded(head, NOW - timedelta(days=5)) for source, head in city.feed.view.heads.items()}
    city.feed.view.heads = heads

    seen, other = city.seen("silence", SILENCE), city.seen("silence", SILENCE, OTHER)

    assert seen.finding is Finding.FIRING
    assert seen.figure == 109.5  # from 02:00 on the fourth day before
    assert other.finding is Finding.QUIET


def test_a_deadline_that_passes_is_no_sign_of_life(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    for day in range(4):
        city.happened("patrols_completed", (NOW - timedelta(days=day)).replace(hour=1), -12)
    city.find({})
    monkeypatch.setattr(city.feed, "apply", lambda source: frozenset())
    passing = {
        source: msgspec.structs.replace(head, last_event=LastEvent("tip.deadline_missed.v1", NOW, NOW))
        for source, head in city.feed.view.heads.items()
    }
    city.feed.view.heads = passing

    assert city.seen("silence", SILENCE).finding is Finding.FIRING


def _recorded(head: Any, at: datetime) -> Any:
    return msgspec.structs.replace(head, last_event=msgspec.structs.replace(head.last_event, recordedtime=at))


def test_an_owner_without_heartbeats_is_an_alert(city: City) -> None:
    heartbeat = DEFAULT_RULES["heartbeat-tips"]
    found = []

    for city.silent_s in (3.0, 60.0, 130.0):
        found.append(city.seen("heartbeat", heartbeat, "01").finding)

    assert found == [Finding.QUIET, Finding.HOLDING, Finding.FIRING]


@pytest.mark.parametrize("status", ["rebuilding", "catching_up"])
def test_nothing_is_said_of_figures_that_are_not_live(city: City, status: str) -> None:
    city.feed.status = status

    found = city.find(DEFAULT_RULES)

    judged = {each.rule for each in found if isinstance(each, Observation)}
    assert judged == {rule for rule in DEFAULT_RULES if rule.startswith("heartbeat")}
    assert all(each.reason for each in found if isinstance(each, Withheld))


def test_nothing_is_said_of_a_unit_that_lacks_an_event(city: City) -> None:
    for hour in range(5):
        city.happened("fire_incidents_handled", NOW - timedelta(hours=hour))
    city.feed.skipped["patrols.v1", UNIT] = (1,)

    found = city.find({"fires": FIRES})

    assert [each.reason for each in found if each.unit == UNIT and isinstance(each, Withheld)]
    assert not [each for each in found if each.unit == UNIT and isinstance(each, Observation)]


def test_nothing_is_said_without_a_known_baseline() -> None:
    feed = City()
    feed.feed = ScriptedFeed()
    for hour in range(5):
        feed.happened("fire_incidents_handled", NOW - timedelta(hours=hour))

    found = feed.find({"fires": FIRES}, frozenset({UNIT}))

    assert [type(each) for each in found] == [Withheld]


def test_a_rule_that_is_switched_off_watches_nothing(city: City) -> None:
    assert city.find({"fires": FIRES.model_copy(update={"enabled": False})}) == []


def test_each_alert_is_raised_once_and_cleared_once(city: City) -> None:
    for hour in range(5):
        city.happened("fire_incidents_handled", NOW - timedelta(hours=hour))
    seen = [each for each in city.find({"fires": FIRES}) if isinstance(each, Observation)]
    scope = city.look.scope()
    key = f"fires/{UNIT}"

    assert [each.key for each in steps(seen, {}, scope=scope).to_raise] == [key]
    assert steps(seen, {key: "a"}, scope=scope).to_raise == ()
    assert steps(seen, {key: "a"}, scope=scope).to_clear == {}
    assert steps(seen, {f"fires/{OTHER}": "a"}, scope=scope).to_clear == {f"fires/{OTHER}": "calm"}
    assert steps([], {key: "a"}, scope=scope).to_clear == {}
    assert steps([], {key: "a", "other/00070": "b"}, scope=scope).to_clear == {"other/00070": "not_watched"}


def test_what_lacks_a_denominator_clears_and_what_lacks_an_event_does_not(city: City) -> None:
    ratio = rule(kind="threshold", metric=RATE, window="PT1H", at_least=100)
    city.feed.skipped["patrols.v1", OTHER] = (1,)

    found = city.find({"ratio": ratio}, frozenset({UNIT, OTHER}))

    assert [type(each) for each in found] == [Withheld, Withheld]
    todo = steps(found, {f"ratio/{UNIT}": "a", f"ratio/{OTHER}": "b"}, scope=city.look.scope())
    assert todo.to_clear == {f"ratio/{UNIT}": "no_events"}
    assert todo.to_raise == ()


def test_an_alert_is_over_when_its_figure_or_its_named_window_is_served_no_more(city: City) -> None:
    rules = {
        "kept": rule(kind="threshold", metric="violations_detected", window="day", at_least=100),
        "figure": rule(kind="threshold", metric="of_former_days", window="day", at_least=100),
        "window": rule(kind="threshold", metric="violations_detected", window="a-campaign", at_least=100),
    }
    open_keys = {f"{id}/{UNIT}": "a" for id in rules}

    found = city.find(rules)
    live = steps(found, open_keys, scope=city.look.scope()).to_clear
    city.feed.status = "rebuilding"
    rebuilding = steps(city.find(rules), open_keys, scope=city.look.scope()).to_clear

    assert live == {f"kept/{UNIT}": "calm", f"figure/{UNIT}": "not_watched", f"window/{UNIT}": "not_watched"}
    assert rebuilding == {}


def test_rules_from_the_start_watch_the_city_of_the_settings() -> None:
    watched = {rule.city for rule in default_rules("79").values() if not isinstance(rule, HeartbeatRule)}

    assert watched == {"79"}
