"""The chaos run in short: some faults on top of each other, and not one figure differs; without the fence some do.

Lost brokers and state topics, paused and scaled workers have tests of their own, and their part in the long run.
"""

import asyncio
import sys
from pathlib import Path
from typing import Any

import orjson

from tests.chaos.faults import FAULTS
from tests.integration.worker_rig import ROOT, members_come_back

LONGEST_S = 300.0  # less than a minute on two cores
KINDS = {"SIGKILL of a worker", "SIGKILL between records and heads", "relay killed", "duplicates", "poison"}


async def chaos(report: Path, *arguments: str) -> tuple[int, dict[str, Any], str]:
    """Exit code, report and output of one run."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.chaos", "--seed", "20261123", "--rate", "150", "--report", str(report), *arguments,
        cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await asyncio.wait_for(process.communicate(), LONGEST_S)
    assert process.returncode is not None
    told = output.decode(errors="replace")
    assert report.exists(), told
    return process.returncode, orjson.loads(report.read_bytes()), told


@members_come_back
async def test_faults_on_top_of_each_other_leave_every_figure_right(tmp_path: Path) -> None:
    assert set(FAULTS) >= KINDS

    code, report, told = await chaos(
        tmp_path / "report.json", "--kinds", ",".join(KINDS), "--each", "1", "--seconds", "20", "--events", "2000"
    )

    assert code == 0, told
    assert {fault["kind"] for fault in report["faults"] if fault["confirmed"]} == KINDS
    assert report["differing"] == 0
    assert sum(check["compared"] for check in report["checks"]) > 5_000


async def test_without_the_fence_a_death_between_records_and_heads_shows(tmp_path: Path) -> None:
    code, report, told = await chaos(
        tmp_path / "report.json", "--no-fence", "--kinds", "between", "--each", "2", "--seconds", "6", "--events", "500"
    )

    assert code == 1, told
    assert report["differing"] > 0
    assert report["failure"] is None
