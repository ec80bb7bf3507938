"""Which tips are suggested as reports of the same thing, and with which reasons."""

from datetime import timedelta
from typing import Any

from services.tips.domain import Tip
from services.tips.domain.duplicates import Likeness, duplicates_of, likeness
from shared.contracts.tips import TipCategory, TipStream
from tests.unit.tip_world import NOW, submitted


def tip(id: str, **changes: Any) -> Tip:
    return submitted(id=id, **{"residential_group": "tdp-1", "happened_at": NOW - timedelta(hours=1), **changes})[0]


def test_the_likeliest_comes_first_with_its_reasons() -> None:
    asked = tip("asked")
    same = tip("same")
    elsewhere = tip("elsewhere", residential_group="tdp-9", happened_at=None)

    suggested = duplicates_of(asked, [elsewhere, same])

    assert [each.tip.id for each in suggested] == ["same", "elsewhere"]
    assert suggested[0].reasons == tuple(Likeness)
    assert suggested[1].reasons == (Likeness.CATEGORY, Likeness.RECEIVED)


def test_what_is_merely_from_the_same_day_is_not_suggested() -> None:
    other = tip("other", category=TipCategory.DRUGS, residential_group=None, happened_at=None)

    assert duplicates_of(tip("asked"), [other]) == []


def test_the_other_stream_is_never_suggested() -> None:
    assert duplicates_of(tip("asked"), [tip("other", stream=TipStream.SECURITY_INFORMATION)]) == []


def test_likeness_is_the_same_either_way() -> None:
    one, other = tip("one"), tip("other", received_at=NOW - timedelta(hours=30), category=TipCategory.FRAUD)

    assert likeness(one, other) == likeness(other, one) == (Likeness.PLACE, Likeness.HAPPENED)
