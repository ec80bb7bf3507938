"""Published values over HTTP, on a real store: imported as a whole, replaced with history, refused while it is away."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from services.stats.records import Records
from services.stats.reference_series.repository import ReferenceValues
from services.stats.routes import reference_series
from services.stats.settings import StatsSettings
from shared.clock import SystemClock
from shared.security import Role
from shared.service import refuse_while_store_is_away
from shared.store.client import Store
from shared.testing.tokens import TokenMint
from shared.web import Readiness, create_app

PATH = "/v1/reference-series"
HEADER = "series,unit,period,value,source,assumed\n"
DISTRICT = "79/Quận Phú Nhuận"
YEARS = f"""\
{HEADER}criminal_offences,79/Phú Nhuận,2021,300,district police,true
criminal_offences,79/Phú Nhuận,2022,240,district police,true
clearance_rate,79/Phú Nhuận,2022,81.5,district police,true
"""


class Rig:
    """The routes as the API has them, on a database of its own."""

    def __init__(self, client: httpx.AsyncClient, mint: TokenMint, store: Store) -> None:
        self.client, self.mint, self.store = client, mint, store

    async def post(
        self, body: str, *, role: Role = Role.CITY_OPERATOR, city: str = "79", media_type: str = "text/csv"
    ) -> httpx.Response:
        headers = {"content-type": media_type, **self.mint.headers(role, city)}
        return await self.client.post(PATH, content=body.encode(), headers=headers)

    async def get(self, **query: str | int) -> httpx.Response:
        return await self.client.get(PATH, params=query, headers=self.mint.headers(Role.AUDITOR, "79"))

    async def items(self, **query: str | int) -> list[dict[str, Any]]:
        answer = await self.get(**query)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])


@asynccontextmanager
async def running(uri: str, directory: Path, *, is_open: bool = True) -> AsyncIterator[Rig]:
    mint = TokenMint(directory)
    settings = StatsSettings(mongodb_uri=SecretStr(uri), jwt_public_key_file=mint.public_key_file)
    records = Records(settings, SystemClock(), database=f"reference_{uuid4().hex[:12]}")
    if is_open:
        records.is_open.set()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield

    app = create_app(
        service="stats",
        title="",
        description="",
        settings=settings,
        lifespan=lifespan,
        routers=(reference_series.router,),
        readiness=Readiness(),
    )
    app.state.clock = SystemClock()
    app.state.desk = SimpleNamespace(records=records)
    app.state.reference_values = ReferenceValues(records.runtime.store)
    refuse_while_store_is_away(app)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://stats") as client:
        yield Rig(client, mint, records.runtime.store)
    records.runtime.store.close()


@pytest.fixture
async def rig(store_uri: str, tmp_path: Path) -> AsyncIterator[Rig]:
    async with running(store_uri, tmp_path) as rig:
        yield rig
        await asyncio.shield(rig.store.drop())


async def test_imported_values_are_shown_with_their_source_and_compared(rig: Rig) -> None:
    imported = await rig.post(YEARS)

    items = await rig.items(unit="79/phú nhuận")

    assert imported.json() == {"added": 3, "replaced": 0, "unchanged": 0}
    assert [(item["series"], item["period"]["id"]) for item in items if item["period"]["id"] == "2021"] == [
        ("criminal_offences", "2021")
    ]
    now = next(item for item in items if (item["series"], item["period"]["id"]) == ("criminal_offences", "2022"))
    assert now["unit"] == DISTRICT
    assert now["source"] == "district police"
    assert now["assumed"] is True
    assert now["period"] == {"id": "2022", "from": "2022-01-01", "to": "2022-12-31"}
    assert (now["previous"]["value"], now["previous"]["relative_change"]) == (300, -0.2)
    assert (
        next(item for item in items if item["series"] == "clearance_rate")["previous"]["reason_code"] == "not_published"
    )


async def test_file_sent_twice_changes_nothing_and_another_one_replaces_and_keeps_what_was_said(rig: Rig) -> None:
    await rig.post(YEARS)
    again = await rig.post(YEARS)
    corrected = await rig.post(f"{HEADER}criminal_offences,79/Phú Nhuận,2022,238,district police,false\n")
    other_source = await rig.post(f"{HEADER}criminal_offences,79/Phú Nhuận,2022,250,city police,false\n")

    items = await rig.items(series="criminal_offences", replaced=True)

    assert again.json() == {"added": 0, "replaced": 0, "unchanged": 3}
    assert corrected.json() == {"added": 0, "replaced": 1, "unchanged": 0}
    assert other_source.json()["added"] == 1
    of_2022 = {item["source"]: item for item in items if item["period"]["id"] == "2022"}
    assert of_2022["district police"]["value"] == 238
    assert of_2022["district police"]["revision"] == 2
    assert [(each["value"], each["assumed"]) for each in of_2022["district police"]["replaced"]] == [(240, True)]
    assert of_2022["city police"]["replaced"] == []
    assert "replaced" not in (await rig.items())[0]


async def test_file_with_one_wrong_line_leaves_nothing_behind(rig: Rig) -> None:
    answer = await rig.post(f"{YEARS}clearance_rate,79/Phú Nhuận,2021,180,district police,true\n")

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"] == [{"line": 5, "field": "value", "reason": "must not be above 100"}]
    assert await rig.items() == []


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"role": Role.CITY_OPERATOR, "city": "01"}, 403),
        ({"role": Role.CITY_OPERATOR, "city": "27043"}, 403),
        ({"role": Role.COMMUNE_OFFICER, "city": "79"}, 403),
        ({"role": Role.ADMINISTRATOR, "city": "*"}, 200),
        ({"media_type": "application/json"}, 415),
    ],
)
async def test_only_who_answers_for_the_city_imports_and_only_csv(
    rig: Rig, asked: Mapping[str, Any], status: int
) -> None:
    body = YEARS if status != 415 else "{}"

    answer = await rig.post(body, **asked)

    assert answer.status_code == status
    assert len(await rig.items()) == (3 if status == 200 else 0)


async def test_list_is_paged_in_a_stable_order(rig: Rig) -> None:
    lines = "".join(f"clearance_rate,79/Phú Nhuận,2022-{month:02d},{month},s,true\n" for month in range(1, 13))
    await rig.post(HEADER + lines)
    pages: list[list[str]] = []
    cursor = None

    while cursor is not None or not pages:
        answer = (await rig.get(limit=5, **({"cursor": cursor} if cursor else {}))).json()
        pages.append([item["period"]["id"] for item in answer["items"]])
        cursor = answer["next"]

    assert [len(page) for page in pages] == [5, 5, 2]
    assert [period for page in pages for period in page] == [f"2022-{month:02d}" for month in range(12, 0, -1)]


async def test_two_at_once_make_one_history(rig: Rig) -> None:
    bodies = [f"{HEADER}clearance_rate,79,2025,{value},s,false\n" for value in (80, 81, 82, 83)]

    answers = await asyncio.gather(*map(rig.post, bodies))

    assert {answer.status_code for answer in answers} <= {200, 409}
    taken = sum(answer.status_code == 200 for answer in answers)
    (item,) = await rig.items(replaced=True)
    assert item["revision"] == taken
    assert [each["revision"] for each in item["replaced"]] == list(range(taken - 1, 0, -1))


@pytest.mark.parametrize(
    "query", [{"series": "burglaries"}, {"unit": "00000"}, {"unit": "79/Nowhere"}, {"cursor": "x"}]
)
async def test_question_about_nothing_is_refused(rig: Rig, query: dict[str, str]) -> None:
    answer = await rig.get(**query)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == next(iter(query))


async def test_store_that_has_not_answered_yet_is_a_503_at_once(tmp_path: Path) -> None:
    async with running("mongodb://127.0.0.1:1", tmp_path, is_open=False) as rig:
        answers = [await rig.get(), await rig.post(YEARS)]

    assert [answer.status_code for answer in answers] == [503, 503]
    assert answers[0].headers["content-type"] == "application/problem+json"


async def test_store_that_went_away_is_a_503(tmp_path: Path) -> None:
    async with running("mongodb://127.0.0.1:1", tmp_path) as rig:
        answers = await asyncio.gather(rig.get(), rig.post(YEARS))

    assert [answer.status_code for answer in answers] == [503, 503]
