"""The benchmark of peers in small: what ours and a peer read from a broker comes to the oracle's answer."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.peers.__main__ import Plan, measure
from benchmarks.peers.contenders import CONTENDERS
from benchmarks.peers.job import BEST, EQUAL_WORK


async def test_ours_and_a_peer_answer_as_the_oracle_does(kafka_bootstrap: str) -> None:
    ours, faust = (next(each for each in CONTENDERS if each.id == name) for name in ("ours", "faust"))
    plan = Plan(
        contenders=[ours, replace(faust, tracks=(BEST,))], tracks=[EQUAL_WORK, BEST], units=[7], late_ratios=[0.1],
        seconds=30.0, rounds=1, events=4_000, compression="gzip",
    )  # fmt: skip

    results = await measure(plan, kafka_bootstrap, lambda _: None)

    assert [(run["contender"], run["track"]) for run in results] == [
        ("ours", EQUAL_WORK),
        ("ours", BEST),
        ("faust", BEST),
    ]
    assert [run.get("failed") for run in results] == [None, None, None]
    assert all(run["right"] for run in results)
    assert results[-1]["events"] == 4_000
