"""Files say exactly what the answers say that they are made of, and do no harm in a spreadsheet."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import orjson
import pytest
import pytest_asyncio
from fastapi import FastAPI
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from services.stats.app import make_app
from services.stats.catalogue import CATALOGUE
from services.stats.downloads import csv_file, lines, parquet_file
from services.stats.downloads.lines import Content, Table
from services.stats.panes import Head, NamedWindow, PaneRecord, encode
from services.stats.queries import Queries
from services.stats.queries.areas import Map
from services.stats.settings import StatsSettings
from services.stats.view import View
from shared.clock import FixedClock
from shared.contracts.stats import Tier
from shared.places import places

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
NOW = datetime(2026, 3, 23, 8, 17, 30, tzinfo=UTC)
MINUS = "campaign:minus"
AMOUNTS = st.dictionaries(
    st.tuples(
        st.sampled_from(["01", "00004", "00070", "00010"]),
        st.sampled_from(["patrols_completed", "violations_detected", "teams_active", CATALOGUE.histograms[0].bins[3]]),
        st.sampled_from(["2026-03", "2026-02", "2025-03"]),
        st.integers(1, 23),
    ),
    st.integers(1, 10**12),
    max_size=20,
)


def view_of(amounts: dict[tuple[str, str, str, int], int]) -> View:
    view = View(generation="g", city_of=places().city_of, topic_of=CATALOGUE.topics)
    for (unit, name, month, day), amount in amounts.items():
        inner = places().today_unit(unit, date.fromisoformat(f"{month}-{day:02d}")) or "~"
        record = PaneRecord(f"topic-{name}-{day}", unit, Tier.DAY, month, 1, "g", {f"{name}|{inner}": {day: amount}})
        head = Head(record.topic, unit, 1, 1, 0, {}, "g", "l", "c")
        view.take(record.key, encode(record))
        view.take(head.key, encode(head))
    window = NamedWindow(MINUS, "campaign", "01", '-2+3, "thi đua"\r\nđợt 1', date(2026, 1, 1))
    view.take(window.key, encode(window))
    return view


def told_and_table(view: View, window: str, map_: str = "is") -> tuple[dict[str, Any], Table]:
    queries = Queries(CATALOGUE, places(), ZONE)
    selection = queries.select(view, "01", window, None, None, None)
    told = queries.table(view, selection, NOW, Map(map_)) | {"state": {"status": "live"}}
    return told, lines.figures(told, queries.units("01"), queries.metrics(), simulated=True)


def from_csv(body: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline="")))


def unguarded(text: str) -> str:
    return text[1:] if text.startswith("'") else text


def read_back(cell: str, content: Content) -> Any:
    if cell == "":
        return None
    if content is Content.TEXT:
        return unguarded(cell)
    if content is Content.FLAG:
        return {"true": True, "false": False}[cell]
    if content is Content.MOMENT:
        return datetime.fromisoformat(cell)
    if content is Content.DAY:
        return date.fromisoformat(cell)
    return int(cell) if content is Content.WHOLE else float(cell)


def check(told: dict[str, Any], found: list[dict[str, Any]]) -> None:
    """Every figure of the answer has its line, and says the same."""
    by_line = {(line["unit"], line["metric"]): line for line in found}
    assert len(found) == len(by_line) == len(told["rows"]) * len(told["metrics"])
    for unit, row in told["rows"].items():
        for at, metric in enumerate(told["metrics"]):
            line = by_line[unit, metric]
            assert line["value"] == row["values"][at]
            assert line["estimated_value"] == row.get("estimated", {}).get("values", {}).get(metric)
            assert (line["start"], line["end"]) == (told["window"]["start"], told["window"]["end"])
            assert (line["as_of"], line["positions_digest"]) == (told["as_of"], told["positions_digest"])
            assert line["window_title"] == told["window"]["title_vi"]
            assert (line["simulated"], line["incomplete"]) == (True, row["incomplete"])
            for beside in (row["ratios"], row["percentiles"]):
                assert {name: line[name] for name in beside.get(metric, {})} == beside.get(metric, {})
            for name in ("previous", "year_earlier"):
                pair = row[name][at]
                assert [line[f"{name}_value"], line[f"{name}_current_value"]] == (pair or [None, None])
                assert (line[f"{name}_reason"] is None) == (pair is not None)


@settings(deadline=None, max_examples=8)
@given(AMOUNTS, st.sampled_from(["month", "year", "PT24H", MINUS]), st.sampled_from(["is", "was"]))
def test_files_say_exactly_what_the_answer_says(
    amounts: dict[tuple[str, str, str, int], int], window: str, map_: str
) -> None:
    told, table = told_and_table(view_of(amounts), window, map_)

    as_csv = from_csv(csv_file.written(table))
    as_parquet = parquet.read_table(io.BytesIO(parquet_file.written(table, zone=ZONE.key))).to_pylist()

    check(told, [{name: read_back(cell, table.columns[name]) for name, cell in line.items()} for line in as_csv])
    check(told, as_parquet)


@given(st.text(max_size=12))
def test_no_text_begins_a_formula_and_each_can_be_told_again(text: str) -> None:
    table = Table("t", {"title": Content.TEXT}, [(text,)])

    [line] = csv.reader(io.StringIO(csv_file.written(table).decode().partition("\r\n")[2], newline=""))

    cell = line[0] if line else ""
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert unguarded(cell) == text


def test_a_negative_number_stays_a_number() -> None:
    table = Table("t", {"value": Content.NUMBER}, [(-3,), (-0.5,), (None,)])

    assert csv_file.written(table) == b'value\r\n-3\r\n-0.5\r\n""\r\n'


def test_a_mark_for_spreadsheets_comes_first_and_only_when_asked_for() -> None:
    table = Table("t", {"name": Content.TEXT}, [("Phường Ba Đình",)])

    assert csv_file.written(table, bom=True) == b"\xef\xbb\xbf" + csv_file.written(table)


def test_a_file_without_lines_still_has_its_columns() -> None:
    table = Table("t", lines.SERIES, [])

    assert csv_file.written(table).decode() == ",".join(lines.SERIES) + "\r\n"
    assert parquet.read_table(io.BytesIO(parquet_file.written(table, zone=ZONE.key))).column_names == list(lines.SERIES)


def test_the_name_says_city_window_and_time_and_nothing_that_a_file_system_minds() -> None:
    _, table = told_and_table(view_of({}), MINUS)

    assert table.name == "commune-pulse_figures_01_campaign-minus_20260323T151730+0700"


class OneView:
    """A feed that has come to its end."""

    def __init__(self, view: View) -> None:
        self.view = view

    def state(self) -> dict[str, Any]:
        return {"status": "live", "progress": None}


@pytest.fixture(scope="module")
def app() -> FastAPI:
    app = make_app(StatsSettings(local_reader=True, simulated_data=True), FixedClock(NOW))
    view = view_of({("00004", "patrols_completed", "2026-03", 23): 4, ("00010", "teams_active", "2025-03", 1): 2})
    feed: Any = OneView(view)
    app.state.feed = app.state.figures._feed = feed
    return app


@pytest_asyncio.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://stats") as client:
        yield client


PATHS = [
    "/v1/figures.csv?window=month",
    "/v1/figures.parquet?window=month&map=was",
    "/v1/series.csv?unit=00004&metric=patrols_completed",
    "/v1/series.parquet?unit=00004&metric=patrols_completed",
]


@pytest.mark.parametrize("path", PATHS)
async def test_a_file_comes_with_a_name_and_is_not_sent_twice(client: httpx.AsyncClient, path: str) -> None:
    first = await client.get(path)

    again = await client.get(path, headers={"if-none-match": first.headers["etag"]})

    ending = path.partition("?")[0].rpartition(".")[2]
    assert first.status_code == 200, first.text
    assert first.headers["content-disposition"].startswith('attachment; filename="commune-pulse_')
    assert first.headers["content-disposition"].endswith(f'+0700.{ending}"')
    assert first.headers["etag"].startswith('W/"')
    assert (again.status_code, again.content) == (304, b"")


async def test_a_downloaded_series_has_the_points_of_the_answer(client: httpx.AsyncClient) -> None:
    asked = "unit=00004&metric=patrols_completed"

    told = (await client.get(f"/v1/series?{asked}")).json()
    as_csv = from_csv((await client.get(f"/v1/series.csv?{asked}")).content)
    body = (await client.get(f"/v1/series.parquet?{asked}")).content

    assert told["points"] == [["2026-03-23", 4]]
    assert [[line["pane"], int(line["amount"])] for line in as_csv] == told["points"]
    assert [[line["pane"], line["amount"]] for line in parquet.read_table(io.BytesIO(body)).to_pylist()] == told[
        "points"
    ]
    assert {line["simulated"] for line in as_csv} == {"true"}
    assert {(line["has_reported"], line["incomplete"], line["patrol_logs_expected"]) for line in as_csv} == {
        ("true", "false", "0")
    }


async def test_a_downloaded_series_of_a_set_says_which(client: httpx.AsyncClient) -> None:
    asked = "units=00004,00025&metric=patrols_completed"

    told = (await client.get(f"/v1/series?{asked}")).json()
    as_csv = from_csv((await client.get(f"/v1/series.csv?{asked}")).content)
    both = await client.get(f"/v1/series?{asked}&unit=00004")

    assert [[line["pane"], int(line["amount"])] for line in as_csv] == told["points"]
    assert {(line["unit"], line["set"]) for line in as_csv} == {("set", told["set"]["title"])}
    assert (both.status_code, both.json()["errors"][0]["field"]) == (422, "unit")


async def test_a_table_as_a_file_has_the_figures_of_the_answer(client: httpx.AsyncClient) -> None:
    told = (await client.get("/v1/figures?window=month&map=was")).json()
    as_csv = from_csv((await client.get("/v1/figures.csv?window=month&map=was&bom=true")).content)

    by_line = {(line["unit"], line["metric"]): line["value"] for line in as_csv}
    for unit, row in told["rows"].items():
        values = ["" if value is None else str(value) for value in row["values"]]
        assert [by_line[unit, metric] for metric in told["metrics"]] == values
    assert told["rows"]["00010@2024-12-31"]["values"][told["metrics"].index("teams_active")] == 2


@pytest.mark.parametrize(
    ("path", "status", "field"),
    [
        ("/v1/figures.csv?window=PT2M", 422, "window"),
        ("/v1/figures.parquet?from=2026-02-01&to=2026-01-01", 422, "to"),
        ("/v1/figures?from=0001-01-01&to=2026-01-01", 422, "from"),
        ("/v1/figures?from=2026-01-01&to=9999-12-31", 422, "to"),
        ("/v1/figures?map=maybe", 422, "map"),
        ("/v1/series.csv?unit=00004&metric=patrols_completed&tier=minute&from=2025-01-01&to=2025-01-02", 422, "from"),
        ("/v1/series?unit=00004&metric=patrols_completed&from=2026-04-01", 422, "from"),
        ("/v1/series?unit=99999&metric=patrols_completed", 404, None),
        ("/v1/figures/set", 422, "units"),
        ("/v1/figures/set?units=00004,00004", 422, "units"),
        ("/v1/figures/set?district=Nowhere", 422, "district"),
        ("/v1/sets?city=77", 422, "city"),
        ("/v1/sets?cursor=x", 422, "cursor"),
    ],
)
async def test_what_cannot_be_answered_is_refused_with_field_and_reason(
    client: httpx.AsyncClient, path: str, status: int, field: str | None
) -> None:
    refusal = await client.get(path)

    problem = refusal.json()
    assert (refusal.status_code, refusal.headers["content-type"]) == (status, "application/problem+json")
    assert [error["field"] for error in problem.get("errors", [])] == ([field] if field else [])


async def test_sets_are_listed_page_by_page(client: httpx.AsyncClient) -> None:
    whole = (await client.get("/v1/sets")).json()

    first = (await client.get("/v1/sets?limit=20")).json()
    second = (await client.get("/v1/sets", params={"limit": 20, "cursor": first["next"]})).json()

    assert first["sets"] + second["sets"] == whole["sets"]
    assert whole["next"] is second["next"] is None
    assert whole["sets"][0]["title"] == "Quận Ba Đình"


async def test_a_set_answers_over_http(client: httpx.AsyncClient) -> None:
    told = (await client.get("/v1/figures/set?district=001&window=month")).json()

    assert told["figures"]["patrols_completed"]["value"] == 4
    assert told["map"] == "is"


def test_parquet_is_loaded_only_when_asked_for() -> None:
    program = "import sys, services.stats.app; sys.exit('pyarrow' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_answers_of_the_table_are_json() -> None:
    told, _ = told_and_table(view_of({}), "PT24H", "was")

    assert orjson.loads(orjson.dumps(told))["map"] == "was"


def test_without_the_guard_a_title_would_be_a_formula(monkeypatch: pytest.MonkeyPatch) -> None:
    _, table = told_and_table(view_of({}), MINUS)
    guarded = from_csv(csv_file.written(table))[0]["window_title"]

    monkeypatch.setattr(csv_file, "_FORMULA", ())

    assert guarded.startswith("'-2+3")
    assert from_csv(csv_file.written(table))[0]["window_title"].startswith("-2+3")
