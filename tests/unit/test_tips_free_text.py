"""What callers of intake and desk can write in words of their own: sealed, or of a form that has no room for a person.

Made from the routes and from what is kept. A new field that takes words is in no table, and fails.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import fields
from typing import Any, Final, get_args, get_type_hints

import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError

from services.tips import case_commands
from services.tips.custody.audit import Deed
from services.tips.custody.identity_request import IdentityRequest
from services.tips.desk.requests import ShredTip
from services.tips.desk.routes import ROUTERS as DESK
from services.tips.domain import AdvisoryDocument, Tip
from services.tips.imports import RecordIntake
from services.tips.routes import ROUTERS as INTAKE
from shared.web import Request

PERSONAL: Final = ("Nguyễn Thị Yến", "Nguyen.Thi.Yen", "NGUYEN-THI-YEN", "0912345678", "0912-345-678", "a@b.vn")

SEALED: Final = frozenset({"text", "name", "contact", "content", "note", "reason"})
"""Fields of words, each of which goes under a seal; of the desk's shredding see below."""
NOT_KEPT: Final = frozenset({"unit", "receipt", "words", "cursor"})
"""Looked up: of a unit the code that was found is kept, of a receipt a keyed hash, of what is searched for nothing."""
CODES: Final = frozenset({"officer", "residential_group", "rests_on", "key"})
"""Names of other systems: the subject of an officer's token, the code of a group, a record's key, kept as a hash."""
IN_CLEAR: Final = {
    Tip: {"id", "unit", "residential_group", "assigned_to", "merged_into"},
    AdvisoryDocument: {"id", "unit", "rests_on"},
    IdentityRequest: {"id", "unit", "tip", "requested_by", "decided_by"},
    Deed: {"actor", "role", "tip", "about"},
}
"""What is kept beside the seals as text: ids, codes, and officers by the subject of their token."""


def takes_words(schema: Any, defs: Any, name: str = "") -> Iterator[str]:
    """The names of fields that would take the name or the number of a person."""
    if "$ref" in schema:
        yield from takes_words(defs[schema["$ref"].rpartition("/")[2]], defs, name)
    for under in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("prefixItems", ())):
        yield from takes_words(under, defs, name)
    if isinstance(schema.get("items"), dict):
        yield from takes_words(schema["items"], defs, name)
    for field, under in schema.get("properties", {}).items():
        yield from takes_words(under, defs, field)
    if schema.get("type") == "string" and not schema.keys() & {"enum", "const", "format"}:
        pattern = schema.get("pattern", "")
        if any(re.search(pattern, each) for each in PERSONAL):
            yield name


def asked(routers: Iterable[APIRouter]) -> Iterator[tuple[str, Any]]:
    """What each operation takes as its body."""
    for router in routers:
        for route in router.routes:
            if isinstance(route, APIRoute):
                for parameter in route.dependant.body_params:
                    yield route.name, parameter.field_info.annotation


def words_of(routers: Iterable[APIRouter]) -> set[tuple[str, str]]:
    found = set()
    for name, body in asked(routers):
        schema = TypeAdapter(body).json_schema()
        found |= {(name, field) for field in takes_words(schema, schema.get("$defs", {}))}
    return found


def test_every_field_of_words_is_sealed_or_not_kept() -> None:
    found = words_of([*INTAKE, *DESK])

    assert {field for _, field in found} <= SEALED | NOT_KEPT | CODES
    assert {
        ("void_tip", "reason"),
        ("hold_tip", "reason"),
        ("verify_tip", "note"),
        ("suspend_tip", "note"),
        ("submit_tip", "text"),
    } <= found
    assert {("answer_reporter", "text"), ("request_identity", "reason")} <= found
    # It stands in the audit log in clear, and has the form of an order's number.
    assert ("shred_tip", "reason") not in found


def test_records_of_books_have_no_other_words() -> None:
    schema = RecordIntake.records.json_schema()

    assert set(takes_words(schema, schema["$defs"])) <= SEALED | NOT_KEPT | CODES


def test_a_new_field_of_words_is_noticed() -> None:
    class Remark(Request):
        remark: str | None = None

    router = APIRouter()

    @router.post("/remark")
    async def remark_on_tip(command: Remark) -> None: ...

    assert words_of([router]) == {("remark_on_tip", "remark")}


@pytest.mark.parametrize("kept", IN_CLEAR)
def test_nothing_else_is_kept_as_text_beside_the_seals(kept: type[Any]) -> None:
    hints = get_type_hints(kept)
    told = {field.name for field in fields(kept) if str in _types(hints[field.name])}

    assert told == IN_CLEAR[kept]


def test_words_show_themselves_in_no_log_line_and_no_traceback() -> None:
    told = [case_commands.VoidTip(reason="Bà Tư"), case_commands.HoldTip(reason="Bà Tư")]
    told += [case_commands.VerifyTip(note="Bà Tư"), case_commands.SuspendTip(note="Bà Tư")]

    assert "Tư" not in repr(told)


@pytest.mark.parametrize("reason", ["QD-17/2026", "17/2026", "CATP-10234/2031"])
def test_a_shredding_names_its_order(reason: str) -> None:
    assert ShredTip(reason=reason).reason == reason


@pytest.mark.parametrize("reason", [*PERSONAL, "x", "QD-17/2026 Nguyen", "QD-0912345678/2026", "NGUYENTHIYEN-1/2026"])
def test_a_shredding_names_nobody(reason: str) -> None:
    with pytest.raises(ValidationError):
        ShredTip(reason=reason)


def _types(hint: Any) -> set[Any]:
    return {hint}.union(*(_types(each) for each in get_args(hint)))
