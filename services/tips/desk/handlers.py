"""What the desk does on request: find the tip within the caller's units, open, write it down, show; knows no HTTP."""

from contextlib import suppress
from typing import Final

from services.tips.attachments.picture import Picture
from services.tips.custody.audit import Action, Deed
from services.tips.custody.envelope import Kind, Piece
from services.tips.custody.note import Note
from services.tips.custody.vault import Scope
from services.tips.desk.deps import Parts
from services.tips.dialogue.message import Author, Message
from services.tips.domain import Tip
from services.tips.erasing import CopiesLeft, not_held
from shared.errors import NotFound, TransitionNotAllowed
from shared.security import Principal
from shared.store.client import Document
from shared.work import Work, Write

PAGE: Final = 50


def deed(action: Action, caller: Principal, *, tip: str | None = None, about: str | None = None) -> Deed:
    """What this caller does, for the audit log."""
    return Deed(action, caller.subject, caller.role.value, tip, about)


async def read_content(tip_id: str, *, desk: Parts, work: Work) -> str | None:
    """What the tip tells. Raises: NotFound; Shredded; SealedElsewhere."""
    tip = await desk.repositories.tips.find(tip_id, work.caller)
    content = await desk.opener.read(Piece(tip.id, Kind.CONTENT))
    await desk.audit.commit(work, deed(Action.CONTENT_READ, work.caller, tip=tip.id), tip)
    return None if content is None else content.decode()


async def read_dialogue(tip_id: str, *, after: int, desk: Parts, work: Work) -> tuple[list[Message], int | None, bool]:
    """The next messages, the number to go on after, and whether an answer would reach anybody. Raises: as above."""
    tip = await desk.repositories.tips.find(tip_id, work.caller)
    page, contents, following = await _read_page(tip, Kind.MESSAGE, after=after, desk=desk)
    read = desk.opener.vault.reading(tip.id, Kind.MESSAGE, [document["number"] for document in page])
    await desk.audit.commit(work, deed(Action.DIALOGUE_READ, work.caller, tip=tip.id), tip, read)
    messages = [Message.of(document, content) for document, content in zip(page, contents, strict=True)]
    reachable = await desk.repositories.tips.correspondent_of(tip) is not None
    return messages, following, reachable


async def read_notes(tip_id: str, *, after: int, desk: Parts, work: Work) -> tuple[list[Note], int | None]:
    """The next notes and reasons of officers, and the number to go on after. Raises: as above."""
    tip = await desk.repositories.tips.find(tip_id, work.caller)
    _, contents, following = await _read_page(tip, Kind.NOTE, after=after, desk=desk)
    await desk.audit.commit(work, deed(Action.NOTES_READ, work.caller, tip=tip.id), tip)
    return [Note.decoded(content) for content in contents], following


async def answer_reporter(tip_id: str, text: str, *, desk: Parts, work: Work) -> Message:
    """The message as it was sent. Raises: NotFound; Shredded; TransitionNotAllowed where nobody could read it."""
    tip = await desk.repositories.tips.find(tip_id, work.caller)
    reporter = await desk.repositories.tips.correspondent_of(tip)
    if reporter is None:
        raise TransitionNotAllowed("Nobody holds a receipt of this tip: an answer would reach nobody.")
    vault, at = desk.opener.vault, work.clock.now()
    key = await desk.opener.erasure_key(tip.id, Scope.CONTENT)

    async def make() -> tuple[Message, tuple[Write, ...]]:
        number = await vault.count(tip.id, Kind.MESSAGE)
        envelope = reporter.sealed(Kind.MESSAGE, number, text.encode(), desk.communes, erasure_key=key)
        write = vault.adding(envelope, reporter.noted(Author.OFFICER, at))
        return Message(number, Author.OFFICER, at, text), (write,)

    return await desk.audit.commit_made(work, deed(Action.MESSAGE_SENT, work.caller, tip=tip.id), make)


async def list_attachments(tip_id: str, *, desk: Parts, caller: Principal) -> list[Document]:
    """What is noted of each picture of the tip. Raises: NotFound."""
    tip = await desk.repositories.tips.find(tip_id, caller)
    return await desk.opener.vault.listed(tip.id, Kind.ATTACHMENT)


async def read_attachment(tip_id: str, number: int, *, desk: Parts, work: Work) -> Picture:
    """One picture. Raises: NotFound; Shredded; SealedElsewhere."""
    tip = await desk.repositories.tips.find(tip_id, work.caller)
    content = await desk.opener.read(Piece(tip.id, Kind.ATTACHMENT, number))
    if content is None:
        raise NotFound(f"The tip has no attachment {number}.")
    told = deed(Action.ATTACHMENT_READ, work.caller, tip=tip.id, about=str(number))
    await desk.audit.commit(work, told, tip, desk.opener.vault.reading(tip.id, Kind.ATTACHMENT, [number]))
    return Picture.of(content)


async def shred_tip(tip_id: str, scopes: tuple[Scope, ...], reason: str, *, desk: Parts, work: Work) -> Tip:
    """The tip, of which nothing sealed in these scopes can be read any more, here or in any copy.

    What tips told that are merged into it goes first, and what is merged meanwhile too: a call that broke off can be
    repeated.
    Raises: NotFound; TransitionNotAllowed while it, or the tip that stands for it, is held.
    """
    tips, shredder = desk.repositories.tips, desk.shredder
    tip = await tips.find(tip_id, work.caller)
    about, shredded = f"{'+'.join(scopes)} {reason}", set[str]()
    while True:
        for copy in await tips.copies_of(tip):
            if copy.id not in shredded:
                told = deed(Action.SHREDDED, work.caller, tip=copy.id, about=about)
                await shredder.shred(copy, scopes, told, allow=not_held, work=work.aside())
                shredded.add(copy.id)
        told = deed(Action.SHREDDED, work.caller, tip=tip.id, about=about)
        with suppress(CopiesLeft):
            return await shredder.shred(tip, scopes, told, allow=not_held, work=work, shredded=shredded)


async def _read_page(
    tip: Tip, kind: Kind, *, after: int, desk: Parts
) -> tuple[list[Document], list[bytes], int | None]:
    documents = await desk.opener.vault.of_tip(tip.id, kind, after=after, limit=PAGE + 1)
    page = documents[:PAGE]
    contents = await desk.opener.read_all(tip.id, kind, page)
    return page, contents, page[-1]["number"] if len(documents) > PAGE else None
