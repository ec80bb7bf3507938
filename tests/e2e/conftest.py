"""What every way through the running system needs: the system, two communes, and a browser at the console."""

from __future__ import annotations

import os
from collections.abc import Iterator

import httpx
import pytest

from tests.e2e.system import System

# The simulator of the demonstration is at work in Hanoi; these tests count in a province where nothing else happens.
PROVINCE = "82"


@pytest.fixture(scope="session")
def system() -> Iterator[System]:
    with httpx.Client(timeout=10) as client:
        yield System(os.environ.get("PULSE_URL", "http://127.0.0.1:8000").rstrip("/"), client)


@pytest.fixture(scope="session")
def province() -> str:
    return PROVINCE


@pytest.fixture(scope="session")
def commune(system: System) -> str:
    return system.communes(PROVINCE)[0]


@pytest.fixture(scope="session")
def neighbour(system: System) -> str:
    return system.communes(PROVINCE)[1]
