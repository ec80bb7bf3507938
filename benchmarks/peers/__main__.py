"""The ladder and the peers in one table: python -m benchmarks.peers. Runs are interleaved, answers checked.

Peers live in a venv of their own, made from requirements/peers.txt by `make bench-peers`.
"""

import asyncio
import json
import logging
import os
import statistics
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from benchmarks.peers.ours import RUNGS
from benchmarks.peers.topic import digest, fill
from shared.contracts.topics import PANES, PATROLS, REGISTRY
from shared.messaging.admin import ensure_topics
from shared.settings import Settings
from tests import servers
from tests.integration.worker_rig import wiped

ROOT: Final = Path(__file__).parents[2]
PEERS_PYTHON: Final = ROOT / "build" / "peers" / "bin" / "python"
LONGEST_S: Final = 1_800.0
Result = dict[str, Any]


def command(contender: str, settings: Settings, count: int) -> list[str]:
    """How one run of a contender is started."""
    group = f"{contender}-{uuid.uuid4().hex[:8]}"
    if contender in RUNGS:
        return [sys.executable, "-m", "benchmarks.peers.ours", contender, str(count), group]
    script = str(Path(__file__).with_name(f"{contender}.py"))
    return [str(PEERS_PYTHON), script, settings.kafka_bootstrap_servers, PATROLS.name, str(count), group]


async def run(contender: str, settings: Settings, count: int) -> Result:
    """One run in a process of its own. Raises: RuntimeError with what it said last."""
    await _forget_state(settings)
    environment = {**os.environ, "KAFKA_BOOTSTRAP_SERVERS": settings.kafka_bootstrap_servers}
    outcome = await asyncio.to_thread(
        subprocess.run, command(contender, settings, count), cwd=ROOT, env=environment, capture_output=True, text=True,
        timeout=LONGEST_S, check=False,
    )  # fmt: skip
    if outcome.returncode:
        last_words = (outcome.stdout + outcome.stderr)[-2_000:]
        raise RuntimeError(f"{contender} ended with {outcome.returncode}:\n{last_words}")
    result: Result = json.loads(outcome.stdout.strip().splitlines()[-1])
    return result


async def _forget_state(settings: Settings) -> None:
    await wiped(settings, [PANES])
    await ensure_topics(settings, REGISTRY)


async def compare(count: int, units: int, late_ratio: float, rounds: int, contenders: list[str]) -> dict[str, Any]:
    """All contenders over one topic, in turn, so many times."""
    kind = servers.chosen()
    results: dict[str, list[Result]] = {name: [] for name in contenders}
    with tempfile.TemporaryDirectory() as directory, servers.broker(kind, Path(directory)) as address:
        settings = Settings(KAFKA_BOOTSTRAP_SERVERS=address)
        await ensure_topics(settings, REGISTRY)
        right = digest((await fill(settings, count, units=units, late_ratio=late_ratio)).items())
        for number in range(rounds):
            for name in contenders:
                result = await run(name, settings, count)
                result["right"] = None if result["digest"] is None else result["digest"] == right
                results[name].append(result)
                print(f"round {number + 1}: {name}: {result['events'] / result['cpu_s']:,.0f} events/CPU-s", flush=True)
    return {"events": count, "units": units, "late_ratio": late_ratio, "broker": kind, "results": results}


def table(found: Mapping[str, Any]) -> str:
    """Medians, and each as a multiple of our whole way."""
    rates = {
        name: statistics.median(run["events"] / run["cpu_s"] for run in runs) for name, runs in found["results"].items()
    }
    ours = rates.get("flush", next(iter(rates.values())))
    lines = [f"{'':<8} {'events/CPU-s':>13} {'events/s':>10} {'peak MB':>8} {'ours is':>8}  answer"]
    for name, runs in found["results"].items():
        wall = statistics.median(run["events"] / run["wall_s"] for run in runs)
        peak = max(run["peak_mb"] for run in runs)
        answers = {run["right"] for run in runs}
        answer = "none asked" if answers == {None} else "right" if answers == {True} else "WRONG"
        lines.append(
            f"{name:<8} {rates[name]:>13,.0f} {wall:>10,.0f} {peak:>8,.0f} {ours / rates[name]:>7.2f}×  {answer}"
        )
    lines.append(f"{found['events']:,} events of {found['units']:,} units, {found['late_ratio']:.0%} late; medians")
    return "\n".join(lines)


def main(
    events: Annotated[int, typer.Option(help="how many; for runs of a minute about 5,000,000")] = 500_000,
    units: Annotated[int, typer.Option(help="how many communes")] = 126,
    late: Annotated[float, typer.Option(help="share of events that are days late")] = 0.0,
    rounds: Annotated[int, typer.Option(help="runs of each contender")] = 3,
    report: Annotated[Path, typer.Option(help="where the report goes")] = Path("build/peers.json"),
) -> None:
    """Exit code 1 if any answer is wrong."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # topics that were just made have no leader yet
    contenders = [*RUNGS, *(["quix"] if PEERS_PYTHON.exists() else [])]
    if len(contenders) == len(RUNGS):
        print("No peers: there is no venv of theirs (make bench-peers).")
    found = asyncio.run(compare(events, units, late, rounds, contenders))
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_text(json.dumps(found, indent=2))
    print(f"\n{table(found)}\n{report}")
    sys.exit(any(run["right"] is False for runs in found["results"].values() for run in runs))


if __name__ == "__main__":
    typer.run(main)
