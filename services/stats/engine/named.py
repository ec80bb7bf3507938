"""Makes named windows of the statistics from campaigns and legal instruments."""

from datetime import date
from typing import Any, Final

import msgspec

from services.stats.catalogue.facts import Change, Facts
from services.stats.panes import NamedWindow
from shared.contracts.topics import AWARDS
from shared.messaging.codec import Envelope, Undecodable


class CampaignDates(Facts):
    title: str
    from_date: date
    to_date: date | None = None
    title_en: str | None = None
    previous: str | None = None


class InstrumentDates(Facts):
    number: str
    title: str
    in_force_from: date
    in_force_to: date | None = None
    title_en: str | None = None


_DECODERS: Final[dict[str, msgspec.json.Decoder[Any]]] = {
    "campaign": msgspec.json.Decoder(Change[CampaignDates]),
    "legal_instrument": msgspec.json.Decoder(Change[InstrumentDates]),
}

_KINDS: Final = {
    event.event_type(): kind for event in AWARDS.events if (kind := event.event_type().partition(".")[0]) in _DECODERS
}


def named_window(envelope: Envelope) -> NamedWindow | None:
    """The window that the event makes, changes or takes back; nothing for events of other kinds.

    Raises: Undecodable.
    """
    kind = _KINDS.get(envelope.type)
    if kind is None:
        return None
    try:
        change = _DECODERS[kind].decode(envelope.data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Undecodable(f"the facts of a {kind} do not fit: {error}") from error
    facts = change.is_ or change.was
    window = f"{kind}:{envelope.subject}"
    unit = envelope.partitionkey
    if isinstance(facts, CampaignDates):
        return NamedWindow(
            id=window,
            kind=kind,
            unit=unit,
            title=facts.title,
            title_en=facts.title_en,
            from_date=facts.from_date,
            to_date=facts.to_date,
            previous=None if facts.previous is None else f"{kind}:{facts.previous}",
            position=envelope.position,
            withdrawn=change.is_ is None,
        )
    if isinstance(facts, InstrumentDates):
        return NamedWindow(
            id=window,
            kind=kind,
            unit=unit,
            title=facts.title if facts.number in facts.title else f"{facts.title} ({facts.number})",
            title_en=facts.title_en,
            from_date=facts.in_force_from,
            to_date=facts.in_force_to,
            position=envelope.position,
            withdrawn=change.is_ is None,
        )
    return None
