"""What the catalogue counts, and that it agrees with the contracts."""

import dataclasses
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from services.stats.catalogue import (
    CATALOGUE,
    Catalogue,
    Kind,
    Metric,
    Percentile,
    Ratio,
    crime_reports,
    generation,
    measures,
    tips,
)
from services.stats.catalogue.document import page
from services.stats.catalogue.facts import CRIME_REPORT, INCIDENT, SECURITY_INFORMATION, FactKind
from services.stats.catalogue.fingerprint import fingerprints, probes
from services.stats.catalogue.metric import Counted
from services.stats.catalogue.reader import Reader
from shared.contracts import awards, patrols
from shared.contracts.base import Event
from shared.contracts.topics import FACT_TOPICS, PATROLS, topic_named

AT = datetime(2026, 3, 1, 8, tzinfo=UTC)
LATER = AT + timedelta(days=1)
KINDS: list[FactKind[Any]] = list({metric.of: None for metric in CATALOGUE.metrics.values()})
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


def counted(topic: str, event_type: str, facts: dict[str, Any]) -> dict[str, list[tuple[datetime, int]]]:
    reader: Reader = CATALOGUE.readers(topic_named(topic))[event_type]
    _, is_ = reader.change(msgspec.json.encode({"was": None, "is": facts}))
    assert is_ is not None
    found: dict[str, list[tuple[datetime, int]]] = {}
    for metric, when, amount in reader.contributions(is_):
        found.setdefault(metric, []).append((when, amount))
    return found


def test_valuable_information_counts_when_it_was_received_so_that_it_is_a_part_of_what_was_received() -> None:
    facts = {"stream": "security_information", "received_at": AT, "value": "valuable", "value_assessed_at": LATER}

    found = counted("tips.v1", "tip.value_assessed.v1", facts)

    assert found == {"security_information_received": [(AT, 1)], "security_information_valuable": [(AT, 1)]}


def test_crime_report_counts_in_its_own_stream_at_each_step() -> None:
    facts = {
        "stream": "crime_report",
        "received_at": AT,
        "verification_started_at": LATER,
        "refuted_at": LATER,
        "value": "valuable",
    }

    found = counted("tips.v1", "tip.refuted.v1", facts)

    assert found == {
        "crime_reports_received": [(AT, 1)],
        "crime_reports_checked": [(LATER, 1)],
        "crime_reports_refuted": [(LATER, 1)],
        "crime_reports_decided": [(LATER, 1)],
        "crime_reports_open": [(AT, 1), (LATER, -1)],
        "crime_reports_without_deadline": [(AT, 1), (LATER, -1)],
        "crime_reports_decision_time__10": [(LATER, 1)],
    }


def test_completed_patrol_counts_with_its_participants_and_is_no_longer_under_way() -> None:
    found = counted(
        "patrols.v1",
        "patrol.completed.v1",
        {"kind": "traffic", "participants": 4, "started_at": AT, "completed_at": LATER},
    )

    assert found == {
        "patrols_completed": [(LATER, 1)],
        "patrols_completed_traffic": [(LATER, 1)],
        "participant_turns": [(LATER, 4)],
        "patrols_under_way": [(LATER, -1), (AT, 1)],
    }


def test_patrol_is_overdue_from_its_planned_end_until_it_is_back_and_its_log_is_expected_then() -> None:
    facts = {"kind": "security", "participants": 4, "started_at": AT, "planned_end_at": LATER}
    back = LATER + timedelta(hours=3)

    out = counted("patrols.v1", "patrol.started.v1", facts)
    late = counted("patrols.v1", "patrol.completed.v1", {**facts, "completed_at": back})
    early = counted("patrols.v1", "patrol.completed.v1", {**facts, "completed_at": LATER})
    cancelled = counted("patrols.v1", "patrol.cancelled.v1", {**facts, "cancelled_at": back})

    assert out["patrols_overdue"] == out["patrols_expected"] == [(LATER, 1)]
    assert late["patrols_overdue"] == cancelled["patrols_overdue"] == [(LATER, 1), (back, -1)]
    assert late["patrols_expected"] == late["patrol_logs_received"] == [(LATER, 1)]
    assert "patrols_overdue" not in early
    assert not {"patrols_expected", "patrol_logs_received"} & cancelled.keys()


def test_planned_patrol_that_has_not_set_out_is_expected_as_well() -> None:
    found = counted("patrols.v1", "patrol.planned.v1", {"kind": "security", "participants": 0, "planned_end_at": AT})

    assert found == {"patrols_overdue": [(AT, 1)], "patrols_expected": [(AT, 1)]}


def test_residential_groups_of_a_team_are_covered_until_it_is_dissolved() -> None:
    facts = {"established_at": AT, "dissolved_at": LATER, "residential_groups": ["a", "b"]}

    found = counted("patrols.v1", "team.dissolved.v1", facts)

    assert found["residential_groups_covered"] == [(AT, 2), (LATER, -2)]


@pytest.mark.parametrize("facts", [{"started_at": AT, "cancelled_at": LATER}, {"cancelled_at": LATER}, {}])
def test_patrol_that_did_not_take_place_counts_nowhere_in_the_end(facts: dict[str, Any]) -> None:
    found = counted("patrols.v1", "patrol.cancelled.v1", {"kind": "security", "participants": 4, **facts})

    assert sum(amount for each in found.values() for _, amount in each) == 0
    assert set(found) <= {"patrols_under_way"}


@pytest.mark.parametrize(
    ("facts", "metric", "when"),
    [
        ({"kind": "violation"}, "violations_detected", AT),
        ({"kind": "fire", "responded_at": LATER, "resolved_at": LATER}, "fire_incidents_handled", LATER),
        ({"kind": "fire", "resolved_at": LATER}, "fire_incidents_handled", LATER),
        ({"kind": "rescue", "resolved_at": LATER, "force_helped": True}, "rescues_handled", LATER),
        ({"kind": "arrest_support"}, "arrests_supported", AT),
        ({"kind": "rescue", "resolved_at": LATER}, None, None),
        ({"kind": "fire"}, None, None),
    ],
)
def test_incident_counts_by_its_kind(facts: dict[str, Any], metric: str | None, when: datetime | None) -> None:
    found = counted("incidents.v1", "incident.resolved.v1", {"occurred_at": AT, **facts})

    assert found == ({} if metric is None else {metric: [(when, 1)]})


@pytest.mark.parametrize("kind", awards.AwardKind)
@pytest.mark.parametrize("issuer", awards.AwardIssuer)
@pytest.mark.parametrize("recipient", awards.AwardRecipient)
def test_every_award_counts_in_the_total_and_in_its_own_cell_and_a_gift_as_a_gift(
    kind: awards.AwardKind, issuer: awards.AwardIssuer, recipient: awards.AwardRecipient
) -> None:
    facts = {"kind": kind, "issuer": issuer, "recipient": recipient}

    assert counted("awards.v1", "award.proposed.v1", facts) == {}
    found = counted("awards.v1", "award.conferred.v1", {**facts, "conferred_at": AT})

    expected = {"gifts"} if kind == "gift" else {"awards_conferred", f"awards_{kind}__{issuer}__{recipient}"}
    assert found == {metric: [(AT, 1)] for metric in expected}


def test_community_model_counts_at_each_stage_and_a_theme_apart() -> None:
    stages = {"launched_at": AT, "recognised_at": LATER, "replicated_at": LATER}

    model = counted("awards.v1", "community_model.replicated.v1", stages)
    theme = counted("awards.v1", "community_model.replicated.v1", {**stages, "nature": "theme"})

    assert model == {"models_launched": [(AT, 1)], "models_recognised": [(LATER, 1)], "models_replicated": [(LATER, 1)]}
    assert theme == {"themes_launched": [(AT, 1)], "themes_recognised": [(LATER, 1)], "themes_replicated": [(LATER, 1)]}


def test_the_two_streams_of_tips_cannot_be_added_up() -> None:
    streams = (
        Counted(SECURITY_INFORMATION, at=lambda tip: tip.received_at),
        Counted(CRIME_REPORT, at=lambda tip: tip.received_at),
    )

    with pytest.raises(TypeError, match="CrimeReport, SecurityInformation"):
        # The type checker refuses it as well: without its refusal the comment would be unused, and that is an error.
        Metric("tips", measures.CRIME_REPORTS, "", "", "", "", counts=streams)  # type: ignore[misc]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.facts.__name__)
def test_facts_read_here_are_facts_of_the_contract(kind: FactKind[Any]) -> None:
    fields = {field.name: field for field in msgspec.structs.fields(kind.facts)}

    for facts in probes(kind):
        value = msgspec.to_builtins(facts)
        public = kind.contract.model_validate({**_required(kind), **value})
        read = msgspec.json.decode(public.model_dump_json(exclude_none=True), type=kind.facts)
        assert read == facts
    assert fields.keys() <= kind.contract.model_fields.keys()


@pytest.mark.parametrize(
    "other",
    [
        dataclasses.replace(INCIDENT, day=lambda incident: incident.resolved_at),
        dataclasses.replace(INCIDENT, group=lambda _: None),
    ],
    ids=["day", "group"],
)
def test_digest_tells_to_whose_area_facts_belong(other: FactKind[Any]) -> None:
    metric = CATALOGUE.metrics["violations_detected"]
    counts = tuple(dataclasses.replace(counted, of=other) for counted in metric.counts)

    moved = dataclasses.replace(metric, counts=counts)

    assert fingerprints([moved]) != fingerprints([metric])


def _required(kind: FactKind[Any]) -> dict[str, Any]:
    """What the contract wants and no figure needs."""
    values = {
        "source": "media", "channel": "web", "category": "other", "team": "t", "role": "member", "teams": 1,
        "title": "t", "from_date": "2026-01-01",
    }  # fmt: skip
    known = {**values, "category": "noise"} if kind.prefix == "incident" else values
    return {name: known[name] for name in kind.contract.model_fields if name in known}


def test_every_event_type_with_counted_facts_has_a_reader() -> None:
    uncounted = {"legal_instrument"}  # it makes a named window only

    for topic in FACT_TOPICS:
        expected = {e.event_type() for e in topic.events if e.event_type().partition(".")[0] not in uncounted}
        assert CATALOGUE.readers(topic).keys() == expected


def test_event_as_its_service_writes_it_is_read() -> None:
    facts = patrols.OutreachSessionFacts(held_at=AT, attendance=120)
    event: Event = patrols.OutreachSessionHeld(
        time=AT, subject="s", partitionkey="00070", data=patrols.OutreachSessionChange(was=None, is_=facts)
    )
    data = msgspec.json.decode(event.record(position=1, lineage="l", recorded_at=AT))["data"]

    _, is_ = CATALOGUE.readers(PATROLS)[event.type].change(msgspec.json.encode(data))

    assert is_ is not None
    assert [m for m, _, _ in CATALOGUE.readers(PATROLS)[event.type].contributions(is_)] == [
        "outreach_sessions",
        "outreach_attendances",
    ]


def test_every_figure_says_what_it_is_in_both_languages() -> None:
    figures: list[Metric[Any] | Ratio | Percentile] = [
        *CATALOGUE.metrics.values(),
        *CATALOGUE.ratios.values(),
        *CATALOGUE.percentiles.values(),
    ]

    for each in figures:
        assert all((each.title_vi, each.title_en, each.explanation_vi, each.explanation_en, each.unit_vi, each.unit_en))
    assert all(CATALOGUE.of_topic(topic.name) for topic in FACT_TOPICS)


def test_titles_tell_figures_apart() -> None:
    titles = [metric.title_vi for metric in CATALOGUE.metrics.values()]

    assert len(set(titles)) == len(titles)


def test_parts_of_a_family_belong_to_a_figure_of_the_catalogue_and_are_measured_alike() -> None:
    for metric in CATALOGUE.metrics.values():
        if metric.family is not None:
            assert CATALOGUE.metrics[metric.family].measure == metric.measure
            assert not metric.headline


def test_ratio_has_no_value_without_a_denominator() -> None:
    ratio = CATALOGUE.ratios["violations_per_1000_patrols"]

    assert ratio.of(3, 200) == 15
    assert ratio.of(3, 0) is None


def test_id_is_taken_once() -> None:
    metric = tips.SECURITY_INFORMATION_RECEIVED

    with pytest.raises(ValueError, match="same id"):
        Catalogue((metric, metric), ())


def test_generation_changes_with_what_is_counted_but_not_with_titles() -> None:
    def digest(**changes: Any) -> str:
        metric = dataclasses.replace(tips.SECURITY_INFORMATION_VALUABLE, **changes)
        return generation(Catalogue((metric,), ()), ZONE, "places")

    same = digest()

    assert digest(title_vi="Khác", headline=False) == same
    assert digest(kind=Kind.LEVEL) != same
    assert digest(id="other") != same
    assert digest(counts=(Counted(SECURITY_INFORMATION, at=lambda tip: tip.received_at),)) != same
    assert generation(CATALOGUE, ZONE, "places") != generation(CATALOGUE, ZONE, "other places")
    assert generation(CATALOGUE, ZONE, "places") != generation(CATALOGUE, ZoneInfo("UTC"), "places")


def test_generation_changes_with_the_edges_of_bins() -> None:
    median, _ = crime_reports.PERCENTILES
    report = CATALOGUE.metrics["crime_reports_received"]

    def digest(edges: tuple[int, ...]) -> str:
        moved = dataclasses.replace(median, histogram=dataclasses.replace(median.histogram, edges=edges))
        return Catalogue((report,), (), (moved,)).digest

    assert digest(median.histogram.edges) != digest((60, *median.histogram.edges))
    assert digest(median.histogram.edges) != Catalogue((report,), ()).digest


def test_page_of_the_figures_is_fresh() -> None:
    committed = Path(__file__).parents[2] / "docs" / "metrics.md"

    assert committed.read_text(encoding="utf-8") == page(CATALOGUE), "run `make docs`"


def test_a_figure_is_counted_otherwise_as_soon_as_anything_that_it_is_made_of_is() -> None:
    ratio = next(iter(CATALOGUE.ratios.values()))
    percentile = next(iter(CATALOGUE.percentiles.values()))
    changed = {ratio.numerator.id, percentile.histogram.id}

    digests = {id: "otherwise" if id in changed else digest for id, digest in CATALOGUE.digests.items()}

    assert CATALOGUE.counted_otherwise(CATALOGUE.digests) == frozenset()
    assert {ratio.id, ratio.numerator.id, percentile.id} <= CATALOGUE.counted_otherwise(digests)
    assert ratio.denominator.id not in CATALOGUE.counted_otherwise(digests)
    assert CATALOGUE.counted_otherwise({}) == frozenset(CATALOGUE.ids)
