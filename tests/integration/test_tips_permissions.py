"""Who may do what, where and when: role × operation × commune × state, made from the routes.

What is expected stands here once more, by hand. A route that is not in the tables fails the first test.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, TypeVar
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from services.tips.domain import Tip, TipStatus
from services.tips.domain.states import TRANSITIONS
from shared.clock import FixedClock
from shared.contracts.tips import TipStream
from shared.security import EVERYWHERE, Principal, Role
from tests.integration.tips_desk_rig import DeskRig
from tests.integration.tips_rig import OTHER, UNIT, TipsRig, report
from tests.unit.test_tips_domain import may
from tests.unit.tip_world import NOW, tip_in

CRIME = TipStream.CRIME_REPORT
OFFICERS: Final = frozenset({Role.COMMUNE_OFFICER, Role.ADMINISTRATOR})
REPORTERS: Final = frozenset({Role.TEAM_LEADER, Role.COMMUNE_OFFICER, Role.CITY_OPERATOR, Role.ADMINISTRATOR})
ADMINISTRATORS: Final = frozenset({Role.ADMINISTRATOR})
IMPORTERS: Final = frozenset({Role.COMMUNE_OFFICER, Role.INTEGRATOR, Role.ADMINISTRATOR})
READERS: Final = frozenset({Role.INTEGRATOR, Role.AUDITOR, Role.ADMINISTRATOR})
GUARDIANS: Final = frozenset({Role.CUSTODIAN, Role.ADMINISTRATOR})
WATCHERS: Final = frozenset({Role.AUDITOR, Role.CUSTODIAN, Role.ADMINISTRATOR})
OPEN: Final = frozenset({"received", "registered", "verifying", "verified", "refuted", "inconclusive", "suspended"})
UNDECIDED: Final = frozenset({"received", "registered", "verifying"})
AT_ONCE: Final = 8
T = TypeVar("T")
Face = tuple[int, str, tuple[str, ...]]
NOBODY_KNOWS: Final = "0" * 20


@dataclass(frozen=True, slots=True)
class Operation:
    """Who may call it, and what a good call says. `step`: its name in the table of states; else `states` has it."""

    roles: frozenset[Role] = OFFICERS
    public: bool = False
    body: Any = None
    query: str = ""
    scope: str = UNIT
    step: str | None = None
    states: frozenset[str] | None = None


ANY_LIVING: Final = frozenset(TipStatus) - {TipStatus.VOIDED}
INTAKE: Final[dict[str, Operation]] = {
    "submit_tip": Operation(REPORTERS, public=True, body=report()),
    "ask_status": Operation(frozenset(Role), public=True, body={"receipt": NOBODY_KNOWS}),
    "read_dialogue": Operation(frozenset(Role), public=True, body={"receipt": NOBODY_KNOWS}),
    "send_message": Operation(frozenset(Role), public=True, body={"receipt": NOBODY_KNOWS, "text": "x"}),
    "attach_picture": Operation(frozenset(Role), public=True, body={"receipt": NOBODY_KNOWS, "content": "AAAA"}),
    "list_work": Operation(query=f"unit={UNIT}"),
    "suggest_duplicates": Operation(states=frozenset(TipStatus)),
    "list_tips": Operation(query=f"unit={UNIT}"),
    "show_tip": Operation(states=frozenset(TipStatus)),
    "register_tip": Operation(step="register"),
    "start_verification": Operation(body={"note": "x"}, step="start_verification"),
    "verify_tip": Operation(body={"note": "x"}, step="verify"),
    "refute_tip": Operation(body={"note": "x"}, step="refute"),
    "find_tip_inconclusive": Operation(body={"note": "x"}, step="find_inconclusive"),
    "assess_tip": Operation(body={"value": "valuable"}, states=ANY_LIVING),
    "correct_tip": Operation(body={"category": "fraud"}, states=ANY_LIVING),
    "relocate_tip": Operation(body={"unit": OTHER}, states=ANY_LIVING),
    "void_tip": Operation(body={"reason": "nhập nhầm"}, step="void"),
    "assign_tip": Operation(states=OPEN),
    "transfer_tip": Operation(body={"authority": "city_police"}, step="transfer"),
    "resolve_tip": Operation(body={"note": "x"}, step="resolve"),
    "suspend_tip": Operation(body={"note": "x"}, step="suspend"),
    "resume_tip": Operation(body={"note": "x"}, step="resume"),
    "extend_tip": Operation(body={"note": "x"}, states=UNDECIDED),
    "close_tip": Operation(body={"note": "x"}, step="close"),
    "reopen_tip": Operation(body={"note": "x"}, step="reopen"),
    "merge_tip": Operation(body={"into": "…"}, states=ANY_LIVING),
    "unmerge_tip": Operation(states=frozenset()),
    "hold_tip": Operation(ADMINISTRATORS, body={"reason": "x"}, states=frozenset(TipStatus)),
    "release_tip": Operation(ADMINISTRATORS, states=frozenset()),
    "issue_advisory_document": Operation(body={"unit": UNIT, "addressee": "city_police"}),
    "list_advisory_documents": Operation(query=f"unit={UNIT}"),
    "show_advisory_document": Operation(),
    "withdraw_advisory_document": Operation(),
    "import_records": Operation(IMPORTERS, body={"records": []}),
    "journal": Operation(READERS, query=f"topic=tips.v1&unit={UNIT}"),
    "units": Operation(READERS, query="topic=tips.v1", scope="*"),
}
FOR_EVERYBODY: Final = frozenset(
    {
        "live", "ready", "measurements", "openapi_document", "reference", "start", "reference_asset",
        "show_report_form", "show_report_form_at_its_address", "show_style", "show_proof_script", "send_report_form",
        "show_receipt_form", "open_receipt", "send_message_form", "send_picture_form", "show_absent",
    }
)  # fmt: skip
"""What surrounds the operations, and the page of reporters."""
DESK: Final[Mapping[str, Operation]] = {
    "read_content": Operation(states=frozenset(TipStatus)),
    "read_dialogue": Operation(states=frozenset(TipStatus)),
    "read_notes": Operation(states=frozenset(TipStatus)),
    "list_attachments": Operation(states=frozenset(TipStatus)),
    "read_attachment": Operation(states=frozenset(TipStatus)),
    "answer_reporter": Operation(body={"text": "x"}, states=frozenset(TipStatus)),
    "search_tips": Operation(body={"unit": UNIT, "words": "xe"}),
    "shred_tip": Operation(GUARDIANS, body={"reason": "QD-17/2026"}, states=frozenset(TipStatus)),
    "request_identity": Operation(body={"tip": "…", "reason": "x"}),
    "list_identity_requests": Operation(OFFICERS | WATCHERS, query=f"unit={UNIT}"),
    "show_identity_request": Operation(OFFICERS | WATCHERS),
    "read_identity_reason": Operation(OFFICERS | WATCHERS),
    "approve_identity": Operation(GUARDIANS),
    "refuse_identity": Operation(GUARDIANS),
    "show_head": Operation(WATCHERS, scope="01"),
    "list_entries": Operation(WATCHERS, scope="01"),
    "journal": Operation(READERS, query=f"topic=tips.audit.v1&unit={UNIT}"),
    "units": Operation(READERS, query="topic=tips.audit.v1", scope="*"),
}


def routes_of(app: FastAPI) -> Iterator[APIRoute]:
    """The operations of a service but for those that are everybody's."""
    return (route for route in _all(app.routes) if route.name not in FOR_EVERYBODY)


def _all(routes: Iterable[Any]) -> Iterator[APIRoute]:
    for route in routes:
        if isinstance(route, APIRoute):
            yield route
        elif hasattr(route, "original_router"):  # how the framework keeps what was included
            yield from _all(route.original_router.routes)


def without_policy(app: FastAPI, table: Mapping[str, Operation]) -> set[str]:
    return {route.name for route in routes_of(app)} ^ table.keys()


@dataclass(frozen=True, slots=True)
class Caller:
    """Calls operations of one application with a token, or without."""

    client: httpx.AsyncClient
    rig: TipsRig

    async def call(
        self,
        route: APIRoute,
        operation: Operation,
        object_id: str,
        *,
        role: Role | None = None,
        scope: str | None = None,
        into: str | None = None,
        stream: TipStream | None = None,
    ) -> httpx.Response:
        path = re.sub(r"\{\w+\}", object_id, route.path.replace("{number}", "0"))
        headers = {"Idempotency-Key": str(uuid4())}
        if role is not None:
            streams = [stream] if stream else None
            subject = f"{role}-{scope}-{stream}"
            headers |= self.rig.mint.headers(role, scope or operation.scope, subject=subject, streams=streams)
        body = operation.body
        if isinstance(body, dict):
            body = {name: (into or object_id) if value == "…" else value for name, value in body.items()}
        (method,) = route.methods or ("GET",)
        url = f"{path}?{operation.query}" if operation.query else path
        return await self.client.request(method, url, json=body, headers=headers)


@pytest.fixture
async def desk(store_uri: str, tmp_path: Path) -> AsyncIterator[DeskRig]:
    async with DeskRig.running(store_uri, tmp_path, clock=FixedClock(NOW + timedelta(hours=1))) as rig:
        yield rig


@pytest.fixture
async def rig(store_uri: str, tmp_path: Path) -> AsyncIterator[TipsRig]:
    async with TipsRig.running(store_uri, tmp_path, clock=FixedClock(NOW + timedelta(hours=1))) as rig:
        yield rig


async def kept(rig: TipsRig, *tips: Tip) -> None:
    """Put tips into the store as they are."""
    await rig.runtime.outbox.commit([], rig.app.state.parts.repositories.tips.inserting(tips))


def both(desk: DeskRig) -> Iterator[tuple[Caller, APIRoute, Operation]]:
    """Every operation of intake and desk."""
    for app, client, table in (
        (desk.intake.app, desk.intake.client, INTAKE),
        (desk.app, desk.client, DESK),
    ):
        for route in routes_of(app):
            yield Caller(client, desk.intake), route, table[route.name]


async def test_every_route_is_in_the_tables_and_a_new_one_would_be_missed(desk: DeskRig) -> None:
    told = {path for path in desk.intake.app.openapi()["paths"] if path.startswith("/v1/")}
    assert told <= {route.path for route in routes_of(desk.intake.app)}
    assert without_policy(desk.intake.app, INTAKE) == set()
    assert without_policy(desk.app, DESK) == set()

    desk.intake.app.add_api_route("/v1/everything", lambda: None, name="show_everything")

    assert without_policy(desk.intake.app, INTAKE) == {"show_everything"}


async def test_each_operation_is_for_the_roles_of_its_policy_and_for_nobody_without_a_token(desk: DeskRig) -> None:
    tip = tip_in(TipStatus.VERIFYING, id=str(uuid4()))
    await kept(desk.intake, tip)

    called = 0
    for caller, route, operation in both(desk):
        unknown = await caller.call(route, operation, tip.id)
        assert (unknown.status_code == 401) is not operation.public, (route.name, unknown.text)
        for role in Role:
            answer = await caller.call(route, operation, tip.id, role=role)
            assert (answer.status_code == 403) is (role not in operation.roles), (route.name, role, answer.text)
            assert answer.status_code not in (401, 500), (route.name, role, answer.text)
            called += 1
    assert called == len(Role) * (len(INTAKE) + len(DESK))


async def test_what_lies_in_another_commune_cannot_be_told_from_what_is_not_there(desk: DeskRig) -> None:
    there = desk.intake.mint.headers(Role.ADMINISTRATOR, OTHER)
    named = {"name": "A", "contact": "B"}
    foreign = (await desk.intake.submit(headers=there, unit=OTHER, reporter=named)).json()["id"]
    body = {"unit": OTHER, "addressee": "city_police"}
    document = (await desk.intake.post("/v1/advisory-documents", body, headers=there)).json()["id"]
    wish = (await desk.post("/v1/identity-requests", {"tip": foreign, "reason": "x"}, by=there)).json()["id"]
    objects = {"tip_id": foreign, "document_id": document, "request_id": wish}

    compared = 0
    for caller, route, operation in both(desk):
        parameters = re.findall(r"\{(\w+)\}", route.path)
        if not parameters and "…" not in str(operation.body):
            continue
        there_is, absent = objects[parameters[0] if parameters else "tip_id"], str(uuid4())
        role = Role.ADMINISTRATOR
        answers = [await caller.call(route, operation, each, role=role, scope=UNIT) for each in (there_is, absent)]

        assert answers[0].status_code in (404, 422), (route.name, answers[0].text)
        assert faceless(answers[0], there_is) == faceless(answers[1], absent), route.name
        compared += 1
    assert compared > 25


@pytest.mark.parametrize("name", ["list_tips", "list_work", "list_advisory_documents"])
async def test_another_commune_is_no_more_to_be_seen_than_one_that_does_not_exist(rig: TipsRig, name: str) -> None:
    (route,) = (route for route in routes_of(rig.app) if route.name == name)

    answers = []
    for unit in (OTHER, "99999"):
        operation = Operation(query=f"unit={unit}")
        answers.append(await Caller(rig.client, rig).call(route, operation, "", role=Role.COMMUNE_OFFICER, scope=UNIT))

    assert answers[0].status_code == 404
    assert faceless(answers[0], OTHER) == faceless(answers[1], "99999")


async def test_each_step_is_taken_in_the_states_that_allow_it(rig: TipsRig) -> None:
    anchors = {stream: tip_in(TipStatus.VERIFIED, id=str(uuid4()), stream=stream) for stream in TipStream}
    cells = [
        (route, INTAKE[route.name], tip_in(status, id=str(uuid4()), stream=stream))
        for route in routes_of(rig.app)
        for stream in TipStream
        for status in TRANSITIONS[stream]
        if "{tip_id}" in route.path
    ]
    await kept(rig, *anchors.values(), *(tip for _, _, tip in cells))

    caller = Caller(rig.client, rig)
    wrong = []
    for route, operation, tip in cells:
        into = anchors[tip.stream].id
        answer = await caller.call(route, operation, tip.id, role=Role.ADMINISTRATOR, into=into)
        if answer.status_code != (200 if allowed(route.name, operation, tip) else 409):
            wrong.append((route.name, tip.stream, tip.status, answer.status_code, answer.text))
    assert wrong == []
    assert len(cells) > 400


# -- all of it at once


@dataclass(frozen=True, slots=True)
class Cell:
    """One operation on one tip of its own, by one role."""

    caller: Caller
    route: APIRoute
    operation: Operation
    role: Role
    tip: Tip

    @property
    def may_call(self) -> bool:
        return self.role in self.operation.roles

    @property
    def name(self) -> tuple[str, ...]:
        return self.route.name, self.role.value, self.tip.stream.value, self.tip.status.value

    @property
    def face_key(self) -> str:
        """What the answer to what is not there depends on."""
        return f"{self.caller.client.base_url} {self.route.name} {self.role}"


def cells_of(desk: DeskRig) -> list[Cell]:
    """Every operation on a tip, by every role, in every state of either stream."""
    return [
        Cell(caller, route, operation, role, tip_in(status, id=str(uuid4()), stream=stream))
        for caller, route, operation in both(desk)
        if "{tip_id}" in route.path
        for role in Role
        for stream in TipStream
        for status in TRANSITIONS[stream]
    ]


async def test_every_cell_of_role_operation_commune_and_state_is_as_the_policy_says(desk: DeskRig) -> None:
    cells = cells_of(desk)
    anchors = {stream: tip_in(TipStatus.VERIFIED, id=str(uuid4()), stream=stream) for stream in TipStream}
    await kept(desk.intake, *anchors.values(), *(cell.tip for cell in cells))
    absent = str(uuid4())

    async def answered(cell: Cell, object_id: str, scope: str, stream: TipStream | None = None) -> httpx.Response:
        into = anchors[cell.tip.stream].id
        return await cell.caller.call(
            cell.route, cell.operation, object_id, role=cell.role, scope=scope, into=into, stream=stream
        )

    async def face_of_what_is_not_there(cell: Cell) -> tuple[str, Face]:
        return cell.face_key, faceless(await answered(cell, absent, UNIT), absent)

    async def kept_out(cell: Cell) -> object:
        """What is wrong with the answers to those from elsewhere, of the other stream, and in a role it is not for."""
        faces = {nothing[cell.face_key], faceless(await answered(cell, cell.tip.id, OTHER), cell.tip.id)}
        stream = other_of(cell.tip.stream) if cell.may_call else None
        faces.add(faceless(await answered(cell, cell.tip.id, UNIT, stream), cell.tip.id))
        as_it_should = {face[0] for face in faces} == {404 if cell.may_call else 403} and len(faces) == 1
        return None if as_it_should else (*cell.name, [face[:2] for face in faces])

    async def let_in(cell: Cell) -> object:
        answer = await answered(cell, cell.tip.id, UNIT, cell.tip.stream)
        return None if answer.status_code == expected_of(cell) else (*cell.name, answer.text)

    nothing = dict(await each_of(face_of_what_is_not_there, {cell.face_key: cell for cell in cells}.values()))
    assert [wrong for wrong in await each_of(kept_out, cells) if wrong] == []
    assert {tip.version for tip in await kept_now(desk, cells)} <= {cell.tip.version for cell in cells}
    assert (await desk.intake.journal(), await desk.audit()) == ([], [])
    mine = [cell for cell in cells if cell.may_call]
    assert [wrong for wrong in await each_of(let_in, mine, at_once=1) if wrong] == []
    assert (len(cells) > 4_000, len(mine) > 1_000) == (True, True)


def other_of(stream: TipStream) -> TipStream:
    (other,) = set(TipStream) - {stream}
    return other


async def each_of(call: Callable[[Cell], Awaitable[T]], cells: Iterable[Cell], *, at_once: int = AT_ONCE) -> list[T]:
    """What each call gives: some at once, as a store mostly waits; singly, where they would be in each other's way."""
    told: list[T] = []
    waiting = list(cells)
    for start in range(0, len(waiting), at_once):
        told += await asyncio.gather(*map(call, waiting[start : start + at_once]))
    return told


def expected_of(cell: Cell) -> int:
    # No tip here has a picture or a reporter who could read an answer.
    besides = {"read_attachment": 404, "answer_reporter": 409}
    return besides.get(cell.route.name) or (200 if allowed(cell.route.name, cell.operation, cell.tip) else 409)


async def kept_now(desk: DeskRig, cells: Iterable[Cell]) -> list[Tip]:
    everywhere = Principal("test", Role.ADMINISTRATOR, frozenset({EVERYWHERE}))
    tips = desk.intake.app.state.parts.repositories.tips
    return list((await tips.find_known([cell.tip.id for cell in cells], everywhere)).values())


def allowed(name: str, operation: Operation, tip: Tip) -> bool:
    if operation.step is not None:
        return operation.step in may(tip.stream, tip.status)
    assert operation.states is not None, f"{name} has no states in the table"
    return tip.status in operation.states and (name != "extend_tip" or tip.stream is CRIME)


def faceless(answer: httpx.Response, object_id: str) -> Face:
    """An answer without what names the object or the request."""
    body = {**answer.json(), "correlation_id": None, "instance": None}
    return answer.status_code, str(body).replace(object_id, "…"), tuple(sorted(answer.headers))


async def test_the_matrix_notices_a_role_too_many(desk: DeskRig, monkeypatch: pytest.MonkeyPatch) -> None:
    generous = Operation(OFFICERS | {Role.TEAM_LEADER}, states=frozenset(TipStatus))
    monkeypatch.setitem(INTAKE, "show_tip", generous)

    with pytest.raises(AssertionError, match="show_tip"):
        await test_each_operation_is_for_the_roles_of_its_policy_and_for_nobody_without_a_token(desk)


@pytest.mark.parametrize("guard", ["covers", "handles"])
async def test_the_matrix_notices_who_sees_another_commune_or_the_other_stream(
    desk: DeskRig, monkeypatch: pytest.MonkeyPatch, guard: str
) -> None:
    shown = [cell for cell in cells_of(desk) if cell.route.name == "show_tip"]
    monkeypatch.setattr("tests.integration.test_tips_permissions.cells_of", lambda _: shown)
    monkeypatch.setattr(Principal, guard, lambda *_: True)

    with pytest.raises(AssertionError, match="show_tip"):
        await test_every_cell_of_role_operation_commune_and_state_is_as_the_policy_says(desk)


async def test_lists_tell_only_of_the_streams_of_a_caller(desk: DeskRig) -> None:
    named = {"name": "A", "contact": "B"}
    wishes, tips, intake = {}, {}, desk.intake
    for stream in TipStream:
        answer = await intake.submit(headers=intake.officer, stream=stream, reporter=named, text="mất xe máy")
        tips[stream] = answer.json()["id"]
        wish = {"tip": tips[stream], "reason": "x"}
        wishes[stream] = (await desk.post("/v1/identity-requests", wish, by=intake.officer)).json()["id"]

    for stream in TipStream:
        by = intake.mint.headers(Role.COMMUNE_OFFICER, UNIT, streams=[stream])
        asked = f"unit={UNIT}"
        for path in (f"/v1/tips?{asked}", f"/v1/worklist?{asked}", f"/v1/worklist?{asked}&stream={stream.value}"):
            assert ids_in(await intake.client.get(path, headers=by)) == [tips[stream]], path
        foreign = f"/v1/worklist?{asked}&stream={other_of(stream).value}"
        assert ids_in(await intake.client.get(foreign, headers=by)) == []
        wished = await desk.client.get(f"/v1/identity-requests?{asked}", headers=by)
        assert ids_in(wished) == [wishes[stream]]
        hidden = await desk.client.get(f"/v1/identity-requests/{wishes[other_of(stream)]}", headers=by)
        assert hidden.status_code == 404
        found = await desk.post("/v1/search", {"unit": UNIT, "words": "mat xe"}, by=by)
        assert [each["tip"]["id"] for each in found.json()["found"]] == [tips[stream]]


async def test_a_book_of_the_other_stream_is_not_taken_in(rig: TipsRig) -> None:
    by = rig.mint.headers(Role.COMMUNE_OFFICER, UNIT, streams=[TipStream.SECURITY_INFORMATION])
    book = [
        {
            "type": "tip", "key": stream.value, "unit": UNIT, "stream": stream.value, "category": "theft",
            "source": "force_member", "received_at": (NOW - timedelta(days=1)).isoformat(),
        }
        for stream in TipStream
    ]  # fmt: skip

    answer = await rig.post("/v1/imports", {"records": book}, headers=by)

    outcomes = {each["key"]: each["outcome"] for each in answer.json()["outcomes"]}
    assert outcomes == {"crime_report": "rejected", "security_information": "created"}


async def test_a_token_for_one_stream_reports_nothing_in_the_other(rig: TipsRig) -> None:
    by = rig.mint.headers(Role.COMMUNE_OFFICER, UNIT, streams=[TipStream.SECURITY_INFORMATION])

    answers = [await rig.submit(headers=by, stream=stream.value, source="force_member") for stream in TipStream]

    taken = dict(zip(TipStream, (answer.status_code for answer in answers), strict=True))
    assert taken == {TipStream.CRIME_REPORT: 403, TipStream.SECURITY_INFORMATION: 201}


def ids_in(answer: httpx.Response) -> list[str]:
    return [each["id"] for each in answer.json()["items"]]
