"""The report form without a server: languages, places as people write them, and what is told to be wrong."""

import re
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.tips.domain import TipStatus
from services.tips.pages.language import WORDS, Language, language_of
from services.tips.pages.rendering import page
from services.tips.pages.report_form import ReportFormRefused, command_of, find_place, typed_in
from shared.contracts.tips import TipCategory, TipStream

TODAY = date(2026, 11, 23)
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
TEMPLATES = Path(__file__).resolve().parents[2] / "services" / "tips" / "pages" / "templates"
GOOD = {"stream": "crime_report", "category": "theft", "text": "Mất xe máy", "place": "hoan kiem"}


def refused(**typed: str) -> dict[str, str]:
    with pytest.raises(ReportFormRefused) as refusal:
        command_of(typed_in(GOOD | typed), on=TODAY, city="01", zone=ZONE)
    return dict(refusal.value.faults)


@pytest.mark.parametrize(
    ("asked", "accepted", "language"),
    [
        (None, None, "vi"),
        (None, "de-DE, fr;q=0.5", "vi"),
        (None, "de, en-GB;q=0.8, vi;q=0.3", "en"),
        (None, "en;q=0, vi;q=0.1", "vi"),
        (None, "en;q=much", "vi"),
        ("en", "vi", "en"),
        ("xx", "en", "en"),
    ],
)
def test_language_is_the_one_asked_for_then_the_preferred_then_vietnamese(
    asked: str | None, accepted: str | None, language: str
) -> None:
    assert language_of(asked, accepted) == language


@given(st.text(), st.text())
def test_any_header_gives_a_language(asked: str, accepted: str) -> None:
    assert language_of(asked, accepted) in Language


def test_both_languages_have_the_same_words() -> None:
    vietnamese, english = WORDS.values()

    assert vietnamese.keys() == english.keys()
    assert all(words.strip() for each in WORDS.values() for words in each.values())


def test_every_code_and_every_word_of_the_templates_is_in_the_words() -> None:
    used = {word for file in TEMPLATES.glob("*.html") for word in re.findall(r"\bw\.(\w+)", file.read_text())}
    codes = {f"category_{each}" for each in TipCategory} | {f"stream_{each}" for each in TipStream}
    codes |= {f"status_{each}" for each in TipStatus}

    assert used | codes <= WORDS[Language.VIETNAMESE].keys()


@pytest.mark.parametrize("name", ["hoan kiem", "HOÀN KIẾM", "Phường Hoàn Kiếm", "p. hoàn kiếm, hà nội", "00070"])
def test_a_place_is_found_however_it_is_written(name: str) -> None:
    place = find_place(typed_in({"place": name}), on=TODAY, city="01")

    assert place.unit is not None
    assert place.unit.code == "00070"


def test_a_former_place_that_was_divided_is_offered_as_what_it_is_now() -> None:
    # Today a commune of another province has this name.
    place = find_place(typed_in({"place": "dong xuan"}), on=TODAY, city="01")

    assert place.unit is None
    assert [unit.code for unit in place.candidates[:2]] == ["00070", "00004"]


def test_a_place_elsewhere_is_taken_with_its_city_alone() -> None:
    bare = find_place(typed_in({"place": "dong xuan"}), on=TODAY, city="01")
    with_city = find_place(typed_in({"place": "dong xuan, dak lak"}), on=TODAY, city="01")

    assert bare.unit is None
    assert with_city.unit is not None
    assert with_city.unit.city == "66"


def test_a_choice_counts_for_the_name_that_it_was_offered_for() -> None:
    chosen = {"place": "an", "unit": "00004", "asked_place": "an"}

    kept = find_place(typed_in(chosen), on=TODAY, city="01")
    changed = find_place(typed_in(chosen | {"place": "hoan kiem"}), on=TODAY, city="01")

    assert (kept.unit and kept.unit.code, changed.unit and changed.unit.code) == ("00004", "00070")


def test_communes_of_the_city_are_offered_before_others() -> None:
    here = find_place(typed_in({"place": "tay"}), on=TODAY, city="01")
    elsewhere = find_place(typed_in({"place": "tan ky"}), on=TODAY, city="01")

    assert {unit.city for unit in here.candidates} == {"01"}
    assert elsewhere.unit is None
    assert "01" not in {unit.city for unit in elsewhere.candidates}


@settings(deadline=None)
@given(st.text(max_size=40), st.text(max_size=6))
def test_any_place_finds_a_commune_or_nothing(name: str, chosen: str) -> None:
    place = find_place(typed_in({"place": name, "unit": chosen, "asked_place": name}), on=TODAY, city="01")

    assert all(not unit.is_city and unit.valid_on(TODAY) for unit in (place.unit, *place.candidates) if unit)


def test_a_good_form_is_a_report() -> None:
    typed = GOOD | {"happened_at": "2026-11-01T23:30", "name": "An", "contact": "0900"}

    command = command_of(typed_in(typed), on=TODAY, city="01", zone=ZONE)

    assert (command.unit, command.text, command.stated_source) == ("00070", "Mất xe máy", "citizen_named")
    assert command.happened_at is not None
    assert command.happened_at.isoformat() == "2026-11-01T23:30:00+07:00"


@pytest.mark.parametrize(
    ("typed", "faults"),
    [
        ({"text": "  "}, {"text": "required"}),
        ({"text": "x" * 20_001}, {"text": "too_long"}),
        ({"stream": ""}, {"stream": "choose"}),
        ({"category": "gossip"}, {"category": "choose"}),
        ({"place": ""}, {"place": "required"}),
        ({"place": "xyzzy"}, {"place": "place_unknown"}),
        ({"place": "tan"}, {"place": "place_several"}),
        ({"residential_group": "nhà ông A"}, {"residential_group": "group"}),
        ({"happened_at": "yesterday"}, {"happened_at": "time"}),
        ({"happened_at": "2199-01-01T00:00"}, {"happened_at": "time"}),
        ({"name": "An"}, {"contact": "both"}),
        ({"contact": "0900", "name": ""}, {"name": "both"}),
        ({"name": "x" * 201, "contact": "0900"}, {"name": "too_long"}),
        ({"stream": "", "text": "", "place": ""}, {"stream": "choose", "text": "required", "place": "required"}),
    ],
)
def test_all_that_is_wrong_is_told_at_its_field(typed: dict[str, str], faults: dict[str, str]) -> None:
    assert refused(**typed) == faults
    assert {f"fault_{fault}" for fault in faults.values()} <= WORDS[Language.ENGLISH].keys()


def test_what_was_typed_can_do_nothing_in_a_page() -> None:
    hostile = '"><script>alert(1)</script>'

    shown = page("receipt.html", Language.ENGLISH, receipt=hostile)

    assert b"<script" not in shown.body
    assert b"&lt;script&gt;" in shown.body
