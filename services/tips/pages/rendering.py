"""Turns a template and values into an answer that a browser keeps nothing of; must not know what the values mean."""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from services.tips.pages.language import Language

# Nothing from elsewhere and no inline script: even a text that slipped through the escaping could do nothing.
POLICY: Final = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
WORKING_POLICY: Final = f"{POLICY}; script-src 'self'"
HEADERS: Final[Mapping[str, str]] = {
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Vary": "Accept-Language",
}


def page(
    template: str, language: Language, *, status: int = 200, home: str = "../report", works: bool = False, **values: Any
) -> HTMLResponse:
    """One page. `home` is the relative way to the report, so that pages work behind any prefix.

    A page that `works` has the one script, which does the work that was asked for.
    """
    shown = {
        "language": language.value,
        "other": language.other.value,
        "others_words": language.other.words,
        "w": language.words,
        "home": home,
        "below": "report/" if home == "report" else "",
        "posted": False,
        "faults": {},
        "notice": None,
        **values,
    }
    headers = {**HEADERS, "Content-Security-Policy": WORKING_POLICY if works else POLICY}
    return HTMLResponse(_templates().get_template(template).render(shown), status, headers)


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("services.tips.pages"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
