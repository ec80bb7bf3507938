"""The way of one award: proposed, conferred, corrected, revoked; and campaigns that become windows."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from tests.e2e.system import PATIENCE_S, System


def test_way_of_one_award(system: System, province: str, commune: str) -> None:
    conferred, everywhere = (commune, "awards_conferred"), (province, "awards_conferred")
    individuals = (commune, "awards_giay_khen__commune_chair__individual")
    collectives = (commune, "awards_giay_khen__commune_chair__collective")
    before = {each: system.figure(*each) or 0 for each in (conferred, everywhere, individuals, collectives)}
    chair = system.awards("administrator")

    # Somebody is put forward: nothing counts yet.
    proposed_at = (datetime.now(UTC) - timedelta(days=2)).isoformat()
    honour = {"kind": "giay_khen", "issuer": "commune_chair", "recipient": "individual"}
    award = chair.done("/v1/awards", honour | {"unit": commune, "proposed_at": proposed_at})
    path = f"/v1/awards/{award['id']}"

    # The certificate is handed over.
    chair.done(f"{path}/conferral", {"conferred_at": (datetime.now(UTC) - timedelta(minutes=1)).isoformat()})
    assert system.becomes({conferred: before[conferred] + 1, everywhere: before[everywhere] + 1})
    assert system.becomes({individuals: before[individuals] + 1})

    # It was for the whole team: it moves from one figure to the other.
    chair.done(f"{path}/correction", {"recipient": "collective"})
    assert system.becomes({individuals: before[individuals], collectives: before[collectives] + 1})

    # It is taken back.
    chair.done(f"{path}/revocation", {"reason": "Sai đối tượng."})
    assert system.becomes(before)


def test_a_campaign_becomes_a_window(system: System, province: str) -> None:
    title = f"Đợt thi đua cao điểm {uuid4().hex[:6]}"
    launched = datetime.now(UTC) - timedelta(days=3)
    campaign = {
        "unit": province,
        "title": title,
        "launched_at": launched.isoformat(),
        "from_date": launched.date().isoformat(),
    }

    system.awards("administrator").done("/v1/campaigns", campaign)

    deadline = time.monotonic() + PATIENCE_S
    while True:
        offered = {window["title_vi"]: window["id"] for window in system.stats().get("/v1/windows").json()["windows"]}
        if title in offered:
            break
        assert time.monotonic() < deadline, "the campaign is not offered as a window"
        time.sleep(0.05)
    assert system.figure(province, "campaigns_launched", window=offered[title]) is not None
