"""Ours against others on the same job over the same topic: python -m benchmarks.peers. Runs in turn, answers checked.

Peers live in a venv of their own, made from requirements/peers.txt by `make bench`; Kafka Streams is built by Maven.
"""

import asyncio
import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from aiokafka.admin import AIOKafkaAdminClient

from benchmarks.peers.broker import broker
from benchmarks.peers.contenders import CONTENDERS, LAST_WORDS, ROOT, Contender, Task
from benchmarks.peers.job import EQUAL_WORK, TRACKS, digest
from benchmarks.peers.table import rows, table
from benchmarks.peers.topic import PAST_EVENTS, Log, fill
from shared.contracts.topics import PANES, PATROLS, REGISTRY
from shared.messaging.admin import ensure_topics
from shared.settings import Settings
from tests.integration.worker_rig import wiped

EVENTS_A_SECOND: Final = 150_000
"""More than whoever counts reads, so that a run ends with its time: fetching alone comes to the end of the topic."""
SLACK_S: Final = 150.0
"""What a run may take beyond its time: to start, to take what it is in the middle of to an end, to answer."""
ATTEMPTS: Final = 2
"""Now and then a peer does not find the topics that it has just made, and waits for good."""

Result = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be run."""

    contenders: Sequence[Contender]
    tracks: Sequence[str]
    units: Sequence[int]
    late_ratios: Sequence[float]
    seconds: float
    rounds: int
    events: int
    compression: str | None

    def points(self) -> Iterator[tuple[int, float, Sequence[str]]]:
        """(units, share of late events, tracks): the sweeps change one of both, and are of equal work alone."""
        swept = [(units, self.late_ratios[0]) for units in self.units]
        swept += [(self.units[0], late) for late in self.late_ratios[1:]]
        for point in swept:
            tracks = self.tracks if point == swept[0] else [track for track in self.tracks if track == EQUAL_WORK]
            if tracks:
                yield *point, tracks

    def runs(self, tracks: Sequence[str]) -> Iterator[tuple[int, str, Contender]]:
        """(round, track, contender): all take their turn before anybody comes again."""
        for number in range(1, self.rounds + 1):
            for track in tracks:
                yield from ((number, track, each) for each in self.contenders if track in each.tracks)


async def measure(plan: Plan, address: str, keep: Callable[[Sequence[Result]], None]) -> list[Result]:
    """All runs, one after the other; `keep` is given what there is after each."""
    settings = Settings(KAFKA_BOOTSTRAP_SERVERS=address)
    results: list[Result] = []
    if (task := asyncio.current_task()) is not None:  # told to end, it ends who runs, and the broker, as well
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    for units, late_ratio, tracks in plan.points():
        await ensure_topics(settings, REGISTRY)
        await wiped(settings, [PATROLS])
        await ensure_topics(settings, REGISTRY)
        there = await topics(settings)
        log = Log.made(plan.events, units=units, late_ratio=late_ratio, now=datetime.now(UTC))
        print(f"{len(log):,} events of {units:,} units, {late_ratio:.0%} late", flush=True)
        await fill(settings, PATROLS.name, log, compression=plan.compression)
        for number, track, contender in plan.runs(tracks):
            outcome: Result = {"failed": "not tried"}
            for _ in range(ATTEMPTS):
                if "failed" in outcome:
                    await forget(settings, there)
                    outcome = await run(contender, Task(address, PATROLS.name, track, plan.seconds, len(log)))
            of = {"contender": contender.id, "track": track, "units": units, "late_ratio": late_ratio}
            results.append({**of, "round": number, **judged(outcome, track, log)})
            print(in_a_line(results[-1]), flush=True)
            keep(results)
    return results


async def run(contender: Contender, task: Task) -> Result:
    """One run in a process of its own; what it said last where it failed."""
    process = await asyncio.create_subprocess_exec(
        *contender.command(task), cwd=ROOT, env={**os.environ, "KAFKA_BOOTSTRAP_SERVERS": task.broker},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        told, complained = await asyncio.wait_for(process.communicate(), task.seconds + SLACK_S)
    except TimeoutError:
        return {"failed": f"it did not end {SLACK_S:.0f} s after its time"}
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    lines = told.decode().strip().splitlines()
    if process.returncode or not lines:
        last = (told + complained).decode(errors="replace").strip()[-LAST_WORDS:]
        return {"failed": f"it ended with {process.returncode}: {last}"}
    result: Result = json.loads(lines[-1])
    return result


def judged(outcome: Result, track: str, log: Log) -> Result:
    """The outcome with `right`: whether everything was read once and in order, and the answer is that of the log."""
    if "failed" in outcome:
        return outcome
    read: Mapping[str, int] = outcome.pop("read")
    if outcome["digest"] is None:
        return {**outcome, "right": None}
    right = digest(log.answer(track, read, outcome["as_of_ms"]))
    return {**outcome, "right": outcome["digest"] == right and not outcome["gaps"] and bool(read)}


async def forget(settings: Settings, but: set[str]) -> None:
    """Leave no state of an earlier run: neither our panes nor the topics that peers made."""
    theirs = await topics(settings) - but
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka_bootstrap_servers)
    await admin.start()
    try:
        if theirs:
            await admin.delete_topics(sorted(theirs))
    finally:
        await admin.close()
    await wiped(settings, [PANES])
    await ensure_topics(settings, REGISTRY)


async def topics(settings: Settings) -> set[str]:
    """What there is on the broker, but for its own."""
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka_bootstrap_servers)
    await admin.start()
    try:
        return {name for name in await admin.list_topics() if not name.startswith("__")}
    finally:
        await admin.close()


def in_a_line(result: Result) -> str:
    """One run in a line."""
    name = f"round {result['round']}: {result['track']}: {result['contender']}"
    if "failed" in result:
        return f"{name}: {result['failed']}"
    verdict = {True: "right", False: "WRONG", None: "no answer asked"}[result["right"]]
    rate = result["events"] / max(result["cpu_s"], 1e-9)
    return f"{name}: {rate:,.0f} events/CPU-s in {result['wall_s']:.1f} s, {verdict}"


def able(wanted: Sequence[str]) -> list[Contender]:
    """Those of the wanted contenders that can run here; of the others it says why not."""
    found = []
    for contender in CONTENDERS:
        if contender.id not in wanted:
            continue
        obstacle = contender.obstacle()
        if obstacle is None:
            found.append(contender)
        else:
            print(f"{contender.id} is skipped: {obstacle}.", flush=True)
    return found


def _chosen(text: str, known: Sequence[str], what: str) -> list[str]:
    names = [name.strip() for name in text.split(",")] if text else list(known)
    unknown = [name for name in names if name not in known]
    if unknown:
        raise typer.BadParameter(f"{', '.join(unknown)}: {what} are {', '.join(known)}")
    return names


def main(
    seconds: Annotated[float, typer.Option(help="length of each run")] = 60.0,
    tracks: Annotated[str, typer.Option(help="some of the tracks, with commas")] = "",
    peers: Annotated[str, typer.Option(help="some of the contenders, with commas")] = "",
    units: Annotated[str, typer.Option(help="how many communes; the first is for all tracks")] = "126,3321,20000",
    late: Annotated[str, typer.Option(help="shares of late events; the first is for all tracks")] = "0,0.01,0.1,0.5",
    rounds: Annotated[int, typer.Option(help="runs of each")] = 2,
    events: Annotated[int, typer.Option(help="length of the topic; 0: as many as nobody reads in time")] = 0,
    compression: Annotated[str, typer.Option(help="gzip, as the relays write, or none")] = "gzip",
    report: Annotated[Path, typer.Option(help="where the JSON goes")] = Path("build/peers.json"),
) -> None:
    """Exit code 1 if any answer is wrong or any run failed."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # topics that were just made have no leader yet
    plan = Plan(
        contenders=able(_chosen(peers, [each.id for each in CONTENDERS], "contenders")),
        tracks=_chosen(tracks, list(TRACKS), "tracks"),
        units=[int(number) for number in units.split(",")],
        late_ratios=[float(share) for share in late.split(",")],
        seconds=seconds,
        rounds=rounds,
        events=max(events or int(seconds * EVENTS_A_SECOND), PAST_EVENTS),
        compression=None if compression == "none" else compression,
    )
    about = {"began": datetime.now(UTC).isoformat(), "cores": os.cpu_count(), "events": plan.events, "seconds": seconds}
    about |= {"rounds": rounds, "compression": compression}
    report.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as directory, broker(Path(directory)) as (address, what):

        def keep(results: Sequence[Result]) -> None:
            report.write_text(json.dumps({**about, "broker": what, "runs": results}, indent=2))

        found = rows(asyncio.run(measure(plan, address, keep)))
    print(f"{table(found, seconds=seconds)}\n\n{report}")
    sys.exit(any(row.verdict not in ("right", "none asked") for row in found))


if __name__ == "__main__":
    typer.run(main)
