"""The chaos run in short: every kind of fault once, and not one figure differs; without the fence some do."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import orjson

from tests.chaos.faults import FAULTS
from tests.integration.worker_rig import ROOT

LONGEST_S = 400.0  # some two minutes on two cores


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


async def test_every_fault_once_leaves_every_figure_right(tmp_path: Path) -> None:
    code, report, told = await chaos(tmp_path / "report.json", "--each", "1", "--seconds", "60", "--events", "5000")

    assert code == 0, told
    assert {fault["kind"] for fault in report["faults"] if fault["confirmed"]} == set(FAULTS)
    assert report["differing"] == 0
    assert sum(check["compared"] for check in report["checks"]) > 10_000


async def test_without_the_fence_a_death_between_records_and_heads_shows(tmp_path: Path) -> None:
    code, report, told = await chaos(
        tmp_path / "report.json", "--no-fence", "--kinds", "between", "--each", "1", "--seconds", "5", "--events", "500"
    )

    assert code == 1, told
    assert report["differing"] > 0
    assert report["failure"] is None
