"""What somebody typed into the report form, and the command it stands for; reads no clock and keeps nothing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from services.tips.commands import SubmitTip
from shared.places import Unit, places

Typed = Mapping[str, str]

FIELDS: Final = ("stream", "category", "text", "place", "residential_group", "happened_at", "name", "contact")
_AS_TYPED: Final = ("stream", "category", "text", "residential_group")
OFFERED: Final = 12  # a list that fits a telephone
LEAST_LETTERS: Final = 2  # one letter is in most names of the country, and takes 0.1 s to find there
_FAULTS: Final = {
    "missing": "required",
    "string_too_short": "required",
    "string_too_long": "too_long",
    "enum": "choose",
}
_FAULTS_IF_MISSING: Final = {"stream": "choose", "category": "choose", "name": "both", "contact": "both"}
_FAULTS_OF: Final = {"residential_group": "group", "happened_at": "time"}


@dataclass(frozen=True, slots=True)
class Place:
    """What a typed place stands for: one commune, several to choose from, or none."""

    unit: Unit | None
    candidates: tuple[Unit, ...] = ()


class ReportFormRefused(Exception):
    """The form cannot be sent as it is. Shape: `faults` maps fields to the word for what is wrong, in their order."""

    def __init__(self, faults: Mapping[str, str], candidates: Sequence[Unit] = ()) -> None:
        super().__init__("the form cannot be sent as it is")
        self.faults = faults
        self.candidates = candidates


def typed_in(form: Mapping[str, Any]) -> dict[str, str]:
    """The fields of the form as texts, without space around them and with plain line ends."""
    given = {name: form.get(name) for name in (*FIELDS, "unit", "asked_place")}
    return {name: text.strip().replace("\r\n", "\n") if isinstance(text, str) else "" for name, text in given.items()}


def command_of(typed: Typed, *, on: date, city: str, zone: ZoneInfo) -> SubmitTip:
    """The report. Raises: ReportFormRefused with all that is wrong at once."""
    place = find_place(typed, on=on, city=city)
    faults: dict[str, str] = {}
    if place.unit is None:
        faults["place"] = "required" if not typed["place"] else "place_several" if place.candidates else "place_unknown"
    try:
        command = SubmitTip.model_validate(_told(typed, place.unit, zone))
    except ValidationError as error:
        for one in error.errors(include_input=False, include_url=False):
            faults.setdefault(str(one["loc"][-1]), fault_of(one))
    else:
        if not faults:
            return command
    raise ReportFormRefused({name: faults[name] for name in FIELDS if name in faults}, place.candidates)


def find_place(typed: Typed, *, on: date, city: str) -> Place:
    """The commune that was meant: one of the city, unless another city or a code is written with it."""
    text, known = typed["place"], places()
    if not text:
        return Place(None)
    chosen = known.get(typed["unit"], on) if typed["unit"] else None
    # A choice belongs to the name that it was offered for.
    if chosen is not None and not chosen.is_city and typed["asked_place"] == text:
        return Place(chosen)
    within = known.get(city)
    # A name alone may be that of a former commune here and of one elsewhere today: whoever reports is likelier here.
    ways = [text] if "," in text or text.isdigit() or within is None else [f"{text}, {within.short_name}", text]
    meant = _communes(known.resolve(ways[0], on).candidates)
    if len(meant) == 1:
        return Place(meant[0])
    for way in ways if len(text) >= LEAST_LETTERS else ():
        hits = known.search(way, on, OFFERED)
        if offered := _communes([*meant, *(unit for hit in hits for unit in hit.now or (hit.unit,))]):
            return Place(None, tuple(offered[:OFFERED]))
    return Place(None)


def _told(typed: Typed, unit: Unit | None, zone: ZoneInfo) -> dict[str, Any]:
    told: dict[str, Any] = {name: typed[name] for name in _AS_TYPED if typed[name]}
    told["unit"] = unit.code if unit else "–"
    if typed["happened_at"]:
        told["happened_at"] = _local(typed["happened_at"], zone)
    if typed["name"] or typed["contact"]:
        told["reporter"] = {name: typed[name] for name in ("name", "contact") if typed[name]}
    return told


def fault_of(one: Mapping[str, Any]) -> str:
    """The word for one error of a validation."""
    name = str(one["loc"][-1])
    if one["type"] == "missing" and name in _FAULTS_IF_MISSING:
        return _FAULTS_IF_MISSING[name]
    return _FAULTS_OF.get(name) or _FAULTS.get(one["type"], "invalid")


def _communes(units: Iterable[Unit]) -> list[Unit]:
    return [unit for unit in dict.fromkeys(units) if not unit.is_city]


def _local(text: str, zone: ZoneInfo) -> datetime | str:
    """The local time of an input of type datetime-local; the text itself, to be refused, if it is none."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    return at.replace(tzinfo=zone) if at.tzinfo is None else at
