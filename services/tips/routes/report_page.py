"""The page for reports; turns a form into the call that the API makes, and decides nothing."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import FileResponse, RedirectResponse

from services.tips.abuse.gate import ProofWanted
from services.tips.commands import SubmitTip
from services.tips.deps import NOBODY, Runtime, ThisService
from services.tips.pages.forms import form_key_of, form_of, new_form_key, once, text_of
from services.tips.pages.language import Language, language_of
from services.tips.pages.rendering import page
from services.tips.pages.report_form import ReportFormRefused, Typed, command_of, typed_in
from services.tips.routes.reporters import take_in
from shared.contracts.tips import TipCategory, TipStream
from shared.errors import IdempotencyInProgress, IdempotencyKeyReused, InvalidInput
from shared.places import Unit, local_date, places
from shared.store.client import StoreUnavailable

router = APIRouter(prefix="/report", include_in_schema=False)

PAGES: Final = Path(__file__).parents[1] / "pages"
STREAMS: Final = (TipStream.CRIME_REPORT, TipStream.SECURITY_INFORMATION)
TWIN_LOOKS: Final = 20
TWIN_WAIT_S: Final = 0.25  # twenty looks are longer than any transaction that is not lost

Asked = Annotated[str | None, Query(alias="lang")]
Accepted = Annotated[str | None, Header(alias="accept-language")]


@router.get("")
async def show_report_form(runtime: Runtime, asked: Asked = None, accepted: Accepted = None) -> Response:
    """An empty form."""
    return _form(runtime, language_of(asked, accepted), typed_in({}), form_key=new_form_key())


@router.get("/")
async def show_report_form_at_its_address() -> Response:
    """The page has relative links and must be asked for without a stroke at its end."""
    return RedirectResponse("../report", 308)


@router.get("/report.css")
async def show_style() -> Response:
    return FileResponse(PAGES / "report.css", media_type="text/css")


@router.get("/proof.js")
async def show_proof_script() -> Response:
    return FileResponse(PAGES / "proof.js", media_type="text/javascript")


@router.post("")
async def send_report_form(
    request: Request, runtime: Runtime, service: ThisService, accepted: Accepted = None
) -> Response:
    """The receipt, or the form as it was filled in with what is wrong."""
    form = await form_of(request)
    language = language_of(text_of(form, "switch") or text_of(form, "lang"), accepted)
    typed, key = typed_in(form), form_key_of(form)
    if text_of(form, "switch"):
        return _form(runtime, language, typed, form_key=key, posted=True)
    today = local_date(runtime.clock.now())
    try:
        # A name that is in many names takes long to find, and others wait for the same loop.
        command = await asyncio.to_thread(
            command_of, typed, on=today, city=runtime.settings.city, zone=runtime.settings.zone
        )
        work = runtime.work(NOBODY, once(key, "/report", typed))
        answer = await _first_answer(lambda: take_in(command, None, work, service, proof=text_of(form, "proof")))
    except ReportFormRefused as refused:
        offered = _offered(refused.candidates)
        return _form(
            runtime, language, typed, form_key=key, status=422, posted=True, faults=refused.faults, candidates=offered
        )
    except ProofWanted as wanted:
        notice = language.words["notice_wait"].format(wanted.wait_s)
        return _form(
            runtime, language, typed, form_key=key, status=429, posted=True, notice=notice, wanted=wanted, works=True
        )
    except InvalidInput:
        return _form(runtime, language, typed, form_key=key, status=422, posted=True, faults={"place": "place_unknown"})
    except IdempotencyKeyReused:
        notice = language.words["notice_used"]
        return _form(runtime, language, typed, form_key=new_form_key(), status=409, posted=True, notice=notice)
    except (IdempotencyInProgress, StoreUnavailable):
        notice = language.words["notice_unavailable"]
        return _form(runtime, language, typed, form_key=key, status=503, posted=True, notice=notice)
    return _received(language, orjson.loads(answer.body)["receipt"], command, on=today)


async def _first_answer(send: Callable[[], Awaitable[Response]]) -> Response:
    """The answer, waited for where its twin is on the way: a second press must show the receipt of the first."""
    for _ in range(TWIN_LOOKS):
        try:
            return await send()
        except IdempotencyInProgress:
            await asyncio.sleep(TWIN_WAIT_S)
    return await send()


def _received(language: Language, receipt: str, command: SubmitTip, *, on: date) -> Response:
    unit = places().get(command.unit, on)
    grouped = "-".join(receipt[at : at + 4] for at in range(0, len(receipt), 4))
    return page(
        "received.html",
        language,
        status=201,
        home="report",
        posted=True,
        receipt=receipt,
        grouped=grouped,
        unit=unit.name if unit else command.unit,
        form_key=new_form_key(),
    )


def _form(runtime: Runtime, language: Language, typed: Typed, **shown: Any) -> Response:
    return page(
        "report.html",
        language,
        home="report",
        typed=typed,
        streams=[stream.value for stream in STREAMS],
        categories=[category.value for category in TipCategory],
        communes=_communes_of(runtime.settings.city),
        **{"candidates": (), "wanted": None, **shown},
    )


def _communes_of(city: str) -> list[str]:
    """What the field of the place suggests; the name of the city tells those apart that exist elsewhere too."""
    known = places()
    within = known.get(city)
    return [f"{unit.name}, {within.short_name}" if within else unit.name for unit in known.communes_of(city)]


def _offered(candidates: Sequence[Unit]) -> list[tuple[Unit, str]]:
    known = places()
    cities = ((unit, known.get(unit.city)) for unit in candidates)
    return [(unit, city.name if city else "") for unit, city in cities]
