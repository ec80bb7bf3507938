"""The pages for those who hold a receipt; turn forms into the calls that the API makes, and decide nothing."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError

from services.tips import handlers
from services.tips.abuse.gate import ProofWanted
from services.tips.commands import SendMessage
from services.tips.custody.vault import Shredded
from services.tips.deps import Parts, Runtime, ThisService, by_receipt
from services.tips.dialogue.message import Message
from services.tips.pace import SteadyRoute
from services.tips.pages.forms import file_of, form_key_of, form_of, new_form_key, once, text_of
from services.tips.pages.language import Language, language_of
from services.tips.pages.rendering import page
from services.tips.pages.report_form import fault_of
from services.tips.receipts import read_receipt
from services.tips.routes.dialogue import sent
from services.tips.routes.report_page import Accepted, Asked
from shared.errors import DomainError, IdempotencyKeyReused, InvalidInput, TransitionNotAllowed
from shared.store.client import StoreUnavailable

router = APIRouter(prefix="/report", include_in_schema=False, route_class=SteadyRoute)

Send = Callable[[], Awaitable[Response]]

_REFUSALS: Final[Mapping[type[Exception], tuple[int, str]]] = {
    Shredded: (410, "notice_shredded"),
    TransitionNotAllowed: (409, "notice_full"),
    IdempotencyKeyReused: (409, "notice_used"),
}
_FOR_NOW: Final = (503, "notice_unavailable")


@router.get("/receipt")
async def show_receipt_form(asked: Asked = None, accepted: Accepted = None) -> Response:
    """Where a receipt is entered; it never stands in an address."""
    return page("receipt.html", language_of(asked, accepted), receipt="")


@router.post("/receipt")
async def open_receipt(request: Request, runtime: Runtime, service: ThisService, accepted: Accepted = None) -> Response:
    """How things stand and what was written; alike for a receipt that was never given."""
    form = await form_of(request)
    language = language_of(text_of(form, "switch") or text_of(form, "lang"), accepted)
    receipt = text_of(form, "receipt")
    if text_of(form, "switch") and not receipt:
        return page("receipt.html", language, receipt="", posted=True)
    return await _Dialogue(runtime, service, language, receipt).shown()


@router.post("/messages")
async def send_message_form(
    request: Request, runtime: Runtime, service: ThisService, accepted: Accepted = None
) -> Response:
    """The dialogue with the new message, or what is wrong with it."""
    form = await form_of(request)
    receipt, answer, key = text_of(form, "receipt"), text_of(form, "answer"), form_key_of(form)
    proof = text_of(form, "proof")
    dialogue = _Dialogue(runtime, service, language_of(text_of(form, "lang"), accepted), receipt, answer)
    work = by_receipt(runtime, service, once(key, "/report/messages", {"receipt": receipt, "text": answer}))

    async def send() -> Response:
        text = SendMessage(receipt=receipt, text=answer).text
        admit = service.message_gate.admit
        return await work.answer(lambda: service.reporters.send(receipt, text, admission=admit(proof), work=work), sent)

    return await dialogue.after(send, key, "notice_sent", field="answer")


@router.post("/pictures")
async def send_picture_form(
    request: Request, runtime: Runtime, service: ThisService, accepted: Accepted = None
) -> Response:
    """The dialogue once the picture is kept, or what is wrong with it."""
    form = await form_of(request)
    receipt, picture, key = text_of(form, "receipt"), await file_of(form, "picture"), form_key_of(form)
    proof = text_of(form, "proof")
    dialogue = _Dialogue(runtime, service, language_of(text_of(form, "lang"), accepted), receipt)
    work = by_receipt(runtime, service, once(key, "/report/pictures", {"receipt": receipt, "picture": picture}))

    async def send() -> Response:
        admit = service.message_gate.admit
        return await work.answer(
            lambda: service.reporters.attach(receipt, picture, admission=admit(proof), work=work), sent
        )

    return await dialogue.after(send, key, "notice_picture_sent", field="picture")


@router.get("/{elsewhere}")
async def show_absent(asked: Asked = None, accepted: Accepted = None) -> Response:
    """A page, for whoever mistyped its address or asks anew for what a form was answered with."""
    return page("absent.html", language_of(asked, accepted), status=404)


class _Dialogue:
    """The page of one receipt."""

    def __init__(self, runtime: Runtime, service: Parts, language: Language, receipt: str, answer: str = "") -> None:
        self._zone = runtime.settings.zone
        self._service = service
        self._language = language
        self._receipt = receipt
        self._answer = answer

    async def after(self, send: Send, key: str, notice: str, *, field: str) -> Response:
        """The dialogue after sending, or the field with what is wrong; what was typed is kept then."""
        words = self._language.words
        try:
            await send()
        except ValidationError as error:
            wrong = fault_of(error.errors(include_input=False, include_url=False)[0])
            return await self.shown(422, {field: wrong}, key=key)
        except InvalidInput:
            return await self.shown(422, {} if _mistyped(self._receipt) else {field: "picture"}, key=key)
        except ProofWanted as wanted:
            return await self._waiting(wanted, key, field)
        except (DomainError, StoreUnavailable) as refused:
            status, why = _REFUSALS.get(type(refused), _FOR_NOW)
            kept = None if isinstance(refused, IdempotencyKeyReused) else key
            return await self.shown(status, {}, key=kept, notice=words[why])
        self._answer = ""
        return await self.shown(notice=words[notice])

    async def _waiting(self, wanted: ProofWanted, key: str, field: str) -> Response:
        words = self._language.words
        if field == "picture":  # a page cannot keep a chosen file, so nothing could be sent by itself
            notice = words["notice_wait_picture"].format(wanted.wait_s)
            return await self.shown(429, key=key, notice=notice, turn=wanted.turn)
        return await self.shown(429, key=key, notice=words["notice_wait"].format(wanted.wait_s), wanted=wanted)

    async def shown(
        self,
        status: int = 200,
        faults: dict[str, str] | None = None,
        *,
        key: str | None = None,
        notice: str | None = None,
        wanted: ProofWanted | None = None,
        turn: str = "",
    ) -> Response:
        """The dialogue, or the form for receipts where this is none."""
        shown: dict[str, Any] = {"posted": True, "receipt": self._receipt, "notice": notice}
        if _mistyped(self._receipt):
            wrong = {"receipt": "receipt" if self._receipt else "required"}
            return page("receipt.html", self._language, status=422, faults=wrong, **shown)
        try:
            messages = await self._messages()
            standing = await handlers.ask_status(
                self._receipt, intake=self._service.intake, tips=self._service.repositories.tips
            )
        except StoreUnavailable:
            shown["notice"] = self._language.words["notice_unavailable"]
            return page("receipt.html", self._language, status=503, **shown)
        return page(
            "dialogue.html",
            self._language,
            status=status,
            faults=faults or {},
            standing=standing.status.value if standing else "unknown",
            messages=messages,
            answer=self._answer,
            form_key=key or new_form_key(),
            wanted=wanted,
            turn=turn,
            works=wanted is not None,
            **shown,
        )

    async def _messages(self) -> list[Message]:
        messages: list[Message] = []
        after: int | None = -1
        while after is not None:
            page_of_it, after = await self._service.reporters.read(self._receipt, after=after)
            messages += page_of_it
        return [replace(message, sent_at=message.sent_at.astimezone(self._zone)) for message in messages]


def _mistyped(receipt: str) -> bool:
    try:
        read_receipt(receipt)
    except InvalidInput:
        return True
    return False
