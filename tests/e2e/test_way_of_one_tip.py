"""The way of one tip: from an anonymous report to the figures, through its corrections, and out again."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from tests.e2e.system import Json, System

TOLD: Json = {"category": "public_order"}


def tips_of(system: System, unit: str) -> dict[str, Json]:
    page = system.tips("commune_officer", unit).get("/v1/tips", unit=unit, limit=500).json()
    return {tip["id"]: tip for tip in page["items"]}


def submit(system: System, unit: str, **told: Any) -> tuple[str, Json]:
    """The receipt that the reporter gets, and the tip that the officer finds new in the list."""
    known = tips_of(system, unit)
    text = f"Tụ tập gây rối trước cổng chợ ({uuid4()})."  # the very same words would be one case
    receipt = system.tips().done("/v1/tips", TOLD | {"unit": unit, "text": text} | told)["receipt"]
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


def test_a_double_counts_no_more_while_it_is_merged(system: System, commune: str) -> None:
    received, opened = (commune, "crime_reports_received"), (commune, "crime_reports_open")
    before = {each: system.figure(*each) or 0 for each in (received, opened)}

    _, tip = submit(system, commune, stream="crime_report")
    _, double = submit(system, commune, stream="crime_report")
    assert system.becomes({each: count + 2 for each, count in before.items()})

    # An officer is shown the double with the reasons, and lets the first report stand for both.
    officer = system.tips("commune_officer", commune)
    path = f"/v1/tips/{double['id']}"
    assert tip["id"] in {each["tip"]["id"] for each in officer.get(f"{path}/duplicates").json()["items"]}
    officer.done(f"{path}/merge", {"into": tip["id"]})
    assert system.becomes({each: count + 1 for each, count in before.items()})

    # It was no double after all.
    officer.done(f"{path}/unmerge")
    assert system.becomes({each: count + 2 for each, count in before.items()})


def test_suspended_work_is_neither_in_time_nor_overdue(system: System, commune: str) -> None:
    metrics = {name: (commune, f"crime_reports_{name}") for name in ("suspended", "in_time", "overdue")}
    before = {name: system.figure(*each) or 0 for name, each in metrics.items()}

    _, tip = submit(system, commune, stream="crime_report")
    officer = system.tips("commune_officer", commune)
    path = f"/v1/tips/{tip['id']}"
    for step in ("registration", "verification", "suspension"):
        officer.done(f"{path}/{step}")
    assert system.becomes({metrics["suspended"]: before["suspended"] + 1, metrics["in_time"]: before["in_time"]})

    # Work begins again, with the month that the law gives for it.
    officer.done(f"{path}/resumption")
    assert system.becomes({metrics["suspended"]: before["suspended"], metrics["in_time"]: before["in_time"] + 1})
    work = officer.get("/v1/worklist", unit=commune, clock="running", stream="crime_report", limit=500).json()["items"]
    assert tip["id"] in {each["id"] for each in work}


def test_who_reports_never_leaves_the_tips_service(system: System, commune: str) -> None:
    reporter = {"name": "Nguyễn Thị Minh Chứng", "contact": "0900 000 123"}

    _, tip = submit(system, commune, stream="crime_report", text="Mất xe máy lúc rạng sáng.", reporter=reporter)
    shown = system.tips("commune_officer", commune).get(f"/v1/tips/{tip['id']}").text
    journal = system.tips("integrator").get("/v1/journal", topic="tips.v1", unit=commune, after=0, limit=5000).text

    for part in ("Minh Chứng", "0900 000 123", "Mất xe máy"):
        assert part not in journal
    assert "Minh Chứng" not in shown
    assert tip["source"] == "citizen_named"


def test_reporter_and_officer_talk_over_the_desk_with_the_receipt_alone(system: System, commune: str) -> None:
    receipt, tip = submit(system, commune, stream="crime_report", text="Mất xe đạp trước nhà văn hoá.")
    desk = system.desk("commune_officer", commune)
    path = f"/v1/tips/{tip['id']}"

    # The officer reads at the desk what the intake sealed, and asks; the reporter reads the question and answers.
    assert desk.get(f"{path}/content").json()["text"] == "Mất xe đạp trước nhà văn hoá."
    desk.done(f"{path}/messages", {"text": "Xe màu gì?"})
    (question,) = system.tips().done("/v1/receipts/dialogue", {"receipt": receipt})["messages"]
    assert (question["author"], question["text"]) == ("officer", "Xe màu gì?")
    system.tips().done("/v1/receipts/messages", {"receipt": receipt, "text": "Màu đỏ."})
    assert [each["text"] for each in desk.get(f"{path}/dialogue").json()["messages"]] == ["Xe màu gì?", "Màu đỏ."]

    # Every reading is in the audit log, and nobody else's officer reads anything.
    log = system.desk("auditor").get("/v1/audit", limit=500).json()["items"]
    assert [each["action"] for each in log if each["tip"] == tip["id"]] == [
        "content_read",
        "message_sent",
        "dialogue_read",
    ]
    assert system.desk("city_operator").get(f"{path}/content").status_code == 403
