"""The way of one tip: from an anonymous report to the figures, through its corrections, and out again."""

from __future__ import annotations

from typing import Any

from tests.e2e.system import Json, System

TOLD: Json = {"category": "public_order", "text": "Tụ tập gây rối trước cổng chợ."}


def tips_of(system: System, unit: str) -> dict[str, Json]:
    page = system.tips("commune_officer", unit).get("/v1/tips", unit=unit, limit=500).json()
    return {tip["id"]: tip for tip in page["items"]}


def submit(system: System, unit: str, **told: Any) -> tuple[str, Json]:
    """The receipt that the reporter gets, and the tip that the officer finds new in the list."""
    known = tips_of(system, unit)
    receipt = system.tips().done("/v1/tips", TOLD | {"unit": unit} | told)["receipt"]
    (new,) = tips_of(system, unit).keys() - known.keys()
    return receipt, tips_of(system, unit)[new]


def test_way_of_one_tip(system: System, province: str, commune: str, neighbour: str) -> None:
    received, valuable = "security_information_received", "security_information_valuable"
    here, there, all_of_it = (commune, received), (neighbour, received), (province, received)
    before = {each: system.figure(*each) or 0 for each in (here, there, all_of_it)}
    worth = {each: system.figure(*each) or 0 for each in ((commune, valuable), (neighbour, valuable))}

    # A resident reports without a name and gets a receipt.
    receipt, tip = submit(system, commune, stream="security_information")
    assert len(receipt.replace("-", "")) == 20
    assert system.becomes({here: before[here] + 1, all_of_it: before[all_of_it] + 1})

    # With the receipt alone, and nothing else, the resident can ask how it stands.
    assert system.tips().done("/v1/receipts/status", {"receipt": receipt})["status"] == "received"

    # An officer of the commune registers it, has it checked, confirms it, and judges it valuable.
    officer = system.tips("commune_officer", commune)
    path = f"/v1/tips/{tip['id']}"
    for step in ("registration", "verification", "confirmation"):
        officer.done(f"{path}/{step}")
    officer.done(f"{path}/assessment", {"value": "valuable"})
    assert system.becomes({(commune, valuable): worth[commune, valuable] + 1})
    assert system.tips().done("/v1/receipts/status", {"receipt": receipt})["status"] == "verified"

    # The judgement is taken back: the figure follows in the period of the tip.
    officer.done(f"{path}/assessment", {"value": "not_valuable"})
    assert system.becomes({(commune, valuable): worth[commune, valuable]})

    # It turns out to lie in the neighbouring commune: its figures move there, the total of the province stays.
    system.tips("administrator").done(f"{path}/relocation", {"unit": neighbour})
    assert system.becomes({here: before[here], there: before[there] + 1, all_of_it: before[all_of_it] + 1})

    # It was entered in error: it counts nowhere any more.
    system.tips("administrator").done(f"{path}/voiding", {"reason": "Nhập trùng với sổ giấy."})
    assert system.becomes({here: before[here], there: before[there], all_of_it: before[all_of_it]})


def test_way_of_one_crime_report(system: System, commune: str) -> None:
    metrics = ("crime_reports_received", "crime_reports_checked", "crime_reports_refuted")
    before = {(commune, metric): system.figure(commune, metric) or 0 for metric in metrics}
    information = system.figure(commune, "security_information_received")

    _, tip = submit(system, commune, stream="crime_report")
    officer = system.tips("commune_officer", commune)
    path = f"/v1/tips/{tip['id']}"
    for step in ("registration", "verification", "refutation"):
        officer.done(f"{path}/{step}")

    assert system.becomes({each: count + 1 for each, count in before.items()})
    # The two streams are never one figure.
    assert system.figure(commune, "security_information_received") == information


def test_who_reports_never_leaves_the_tips_service(system: System, commune: str) -> None:
    reporter = {"name": "Nguyễn Thị Minh Chứng", "contact": "0900 000 123"}

    _, tip = submit(system, commune, stream="crime_report", text="Mất xe máy lúc rạng sáng.", reporter=reporter)
    shown = system.tips("commune_officer", commune).get(f"/v1/tips/{tip['id']}").text
    journal = system.tips("integrator").get("/v1/journal", topic="tips.v1", unit=commune, after=0, limit=5000).text

    for part in ("Minh Chứng", "0900 000 123", "Mất xe máy"):
        assert part not in journal
    assert "Minh Chứng" not in shown
    assert tip["source"] == "citizen_named"
