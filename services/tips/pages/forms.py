"""Reads forms as browsers send them, in memory alone: what reporters send must never lie on a disk in clear."""

import hashlib
import re
from collections.abc import Mapping
from typing import Final

from fastapi import Request
from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData, Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from services.tips.attachments.picture import MAX_BYTES
from shared.errors import InvalidInput
from shared.ids import anonymous_id
from shared.web import IdempotencyKey

MOST_FIELDS: Final = 30
MULTIPART_BYTES: Final = MAX_BYTES + 10_000  # a picture of the largest size, and the fields beside it
_FORM_KEY: Final = re.compile(r"[0-9a-f-]{36}")


class _InMemory(MultiPartParser):
    """The parser of multipart forms without its files on disk; the size of bodies is limited before it."""

    spool_max_size = MULTIPART_BYTES


async def form_of(request: Request) -> FormData:
    """What a form sent; nothing if the body is no form. Raises: InvalidInput for half a form."""
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != b"multipart/form-data":
        return await request.form(max_fields=MOST_FIELDS)
    # Without the charset that it names: some of Python's take half a minute for a body, or make what is no text.
    boundary = options.get(b"boundary", b"").decode("latin-1")
    told = Headers({"content-type": f'multipart/form-data; boundary="{boundary}"'})
    try:
        return await _InMemory(told, request.stream(), max_files=1, max_fields=MOST_FIELDS).parse()
    except MultiPartException:
        raise InvalidInput.of("body", "is not a whole form") from None


def text_of(form: FormData, name: str) -> str:
    """One field as a text without space around it; empty if it is not there."""
    value = form.get(name)
    return value.strip().replace("\r\n", "\n") if isinstance(value, str) else ""


async def file_of(form: FormData, name: str) -> bytes:
    """What was chosen as a file; empty if there is none."""
    value = form.get(name)
    content = await value.read() if isinstance(value, UploadFile) else b""
    await form.close()
    return content


def form_key_of(form: FormData) -> str:
    """What was given with the form when it was shown, so that sending it twice is one thing; a new one without."""
    key = text_of(form, "form_key")
    return key if _FORM_KEY.fullmatch(key) else new_form_key()


def new_form_key() -> str:
    return anonymous_id()


def once(form_key: str, what: str, content: Mapping[str, str | bytes]) -> IdempotencyKey:
    """The idempotency key of a form: the same content under it is one and the same thing, other content is refused."""
    digest = hashlib.sha256()
    for name, value in sorted(content.items()):
        for part in (name.encode(), value if isinstance(value, bytes) else value.encode()):
            digest.update(len(part).to_bytes(8, "big") + part)
    return IdempotencyKey(f"POST {what}", form_key, digest.digest())
