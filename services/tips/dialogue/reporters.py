"""What a reporter does with a receipt: write to the officers, and read what they answered; must not know HTTP."""

from dataclasses import dataclass
from typing import Final, Protocol

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from services.tips.attachments.picture import Picture
from services.tips.custody.envelope import Envelope, Kind, new_erasure_key, unseal
from services.tips.custody.keys import PublicKeys
from services.tips.custody.vault import Scope, Shredded, Vault
from services.tips.dialogue.correspondent import Correspondent
from services.tips.dialogue.message import Author, Message
from services.tips.receipts import ReceiptHasher, read_receipt
from shared.repository import persistently
from shared.work import Work, Write

PAGE: Final = 50


class Directory(Protocol):
    """Where receipts lead."""

    async def find_correspondent(self, digest: str, reading_key: X25519PrivateKey) -> Correspondent: ...


@dataclass(frozen=True, slots=True)
class Reporters:
    """The reporters' side of all dialogues."""

    receipts: ReceiptHasher
    communes: PublicKeys
    directory: Directory
    vault: Vault

    async def send(self, receipt: str, text: str, *, admission: Write | None, work: Work) -> None:
        """Write to the officers. A receipt that nobody knows costs and answers the same, and reaches nobody.

        `admission` is written with it: what let it in and must not let in another.
        Raises: InvalidInput for a mistyped receipt; Shredded; TransitionNotAllowed when the dialogue is full.
        """
        await self._add(receipt, Kind.MESSAGE, text.encode(), admission, work)

    async def attach(self, receipt: str, sent: bytes, *, admission: Write | None, work: Work) -> None:
        """Add a picture, freed of what it tells beside itself. Raises: InvalidInput; else as `send`."""
        picture = Picture.of(sent)
        await self._add(receipt, Kind.ATTACHMENT, picture.content, admission, work, media_type=picture.media_type)

    async def _add(
        self, written: str, kind: Kind, content: bytes, admission: Write | None, work: Work, **told: object
    ) -> None:
        who, _ = await self._find(written)
        erasure_key = await self.vault.erasure_key(who.tip, Scope.CONTENT)
        if erasure_key is None and who.known:
            raise Shredded("What this tip told was destroyed for good, and nothing can be added to it.")
        key = erasure_key or new_erasure_key()
        noted = {**who.noted(Author.REPORTER, work.clock.now()), **told}

        async def attempt() -> None:
            number = await self.vault.count(who.tip, kind)
            envelope = who.sealed(kind, number, content, self.communes, erasure_key=key)
            adding = self.vault.adding_if_known(envelope, noted, known=who.known)
            await work.commit(envelope, [], adding, *([admission] if admission else []))

        await persistently(attempt)

    async def read(self, receipt: str, *, after: int = -1) -> tuple[list[Message], int | None]:
        """The next messages of both sides and the number to go on after; none for a receipt that nobody knows.

        Raises: InvalidInput for a mistyped receipt.
        """
        who, reading_key = await self._find(receipt)
        erasure_key = await self.vault.erasure_key(who.tip, Scope.CONTENT)
        documents = await self.vault.of_tip(who.tip, Kind.MESSAGE, after=after, limit=PAGE + 1)
        if erasure_key is None:
            return [], None
        page = [
            Message.of(document, unseal(Envelope.of(document, Kind.MESSAGE), reading_key, erasure_key=erasure_key))
            for document in documents[:PAGE]
        ]
        return page, page[-1].number if len(documents) > PAGE else None

    async def _find(self, written: str) -> tuple[Correspondent, X25519PrivateKey]:
        receipt = read_receipt(written)
        reading_key = self.receipts.reading_key(receipt)
        return await self.directory.find_correspondent(self.receipts.digest(receipt), reading_key), reading_key
