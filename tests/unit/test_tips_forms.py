"""A form is read as UTF-8, whatever its sender says that it is."""

import pytest
from starlette.requests import Request
from starlette.types import Message

from services.tips.pages.forms import form_of, text_of

TEXT = "Nhà số 5, \\ud800 xn--80ak6aa92e"
BODY = f'--b\r\nContent-Disposition: form-data; name="text"\r\n\r\n{TEXT}\r\n--b--\r\n'.encode()


@pytest.mark.parametrize("charset", ["utf-8", "idna", "punycode", "unicode_escape", "raw_unicode_escape", "utf-7", "x"])
async def test_the_charset_that_a_sender_names_changes_nothing(charset: str) -> None:
    async def receive() -> Message:
        return {"type": "http.request", "body": BODY, "more_body": False}

    headers = [(b"content-type", f"multipart/form-data; charset={charset}; boundary=b".encode())]
    request = Request({"type": "http", "method": "POST", "path": "/", "headers": headers}, receive)

    assert text_of(await form_of(request), "text") == TEXT
