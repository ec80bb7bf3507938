"""Requests made from the OpenAPI documents of intake and desk, good and bad: no answer breaks what they promise.

`make fuzz` runs the same for longer and with another seed.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from shared.security import Role
from tests.integration.pages_rig import DESK, PREFIX, PagesRig, pages
from tests.integration.tips_rig import UNIT

ROOT: Final = Path(__file__).resolve().parents[2]
CONFIGURATION: Final = ROOT / "tests" / "support" / "fuzz.toml"
SEED: Final = os.environ.get("PULSE_FUZZ_SEED", "2026")
EXAMPLES: Final = os.environ.get("PULSE_FUZZ_EXAMPLES", "3")
SECONDS: Final = os.environ.get("PULSE_FUZZ_S")
"""For each caller, again and again until they have passed. Unless told, each goes through once: so many examples
of each operation, however long they take. Ten seconds of a busy machine were over before the first."""
HANGS_S: Final = 600
"""Nothing is checked by this time; it ends a test that would never end."""
ANSWERS_WITHIN_S: Final = 120
"""What is checked is what is answered, not how soon: unless told, Schemathesis takes ten seconds for a failure."""
PHASES: Final = "examples,fuzzing,stateful"
THOROUGH: Final = f"coverage,{PHASES}"
"""With every value at the edge of what is allowed, and every method that is not: half a minute for a whole document."""


@dataclass(frozen=True)
class Caller:
    """Somebody with a token, or without, and what of a document is for them."""

    prefix: str
    paths: str = "/"
    role: Role | None = Role.ADMINISTRATOR
    unit: str = "*"
    streams: tuple[str, ...] | None = None
    phases: str = THOROUGH

    def headers(self, rig: PagesRig) -> dict[str, str]:
        if self.role is None:
            return {}
        return rig.desk.intake.mint.headers(self.role, self.unit, streams=self.streams)


CALLERS: Final = {
    "reporter": Caller(PREFIX, "^/v1/(tips$|receipts/)", role=None),
    "importer of one stream": Caller(PREFIX, "^/v1/(imports|journal)", Role.INTEGRATOR, UNIT, ("crime_report",)),
    "auditor": Caller(DESK, "^/v1/(audit|identity-requests)", Role.AUDITOR),
    "custodian": Caller(DESK, "^/v1/(identity-requests|tips/.*/shredding)", Role.CUSTODIAN, "01"),
    "administrator at the intake": Caller(PREFIX, phases=THOROUGH if SECONDS else PHASES),
    "administrator at the desk": Caller(DESK, phases=THOROUGH if SECONDS else PHASES),
}


@pytest.fixture(scope="module")
def rig(store_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PagesRig]:
    with pages(store_uri, tmp_path_factory.mktemp("fuzz")) as rig:
        for gate in (rig.desk.intake.app.state.parts.gate, rig.desk.intake.app.state.parts.message_gate):
            gate.budget.per_s = 1_000  # floods are another matter
        for app in (rig.desk.intake.app, rig.desk.app):
            app.openapi()  # kept from here on: made on request, it could take longer than Schemathesis waits for it
        yield rig


def fuzz(rig: PagesRig, caller: Caller, directory: Path, *chosen: str) -> subprocess.CompletedProcess[str]:
    """Schemathesis against one of the two, with the token of this caller."""
    address = f"{rig.address}{caller.prefix}"
    command = [
        *(str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(CONFIGURATION)),
        *("run", f"{address}/openapi.json", "--url", address, "--include-path-regex", caller.paths),
        *(part for name, value in caller.headers(rig).items() for part in ("--header", f"{name}:{value}")),
        *("--phases", caller.phases, "--max-examples", EXAMPLES, "--seed", SEED, "--no-shrink"),
        *("--request-timeout", str(ANSWERS_WITHIN_S), *(("--max-time", SECONDS) if SECONDS else ())),
        *("--generation-database", "none", "--warnings", "off", "--no-color", *chosen),
    ]
    tip = rig.do(rig.desk.intake.submit(headers=rig.desk.officer)).json()
    environment = {
        "SCHEMATHESIS_HOOKS": "tests.support.fuzz_hooks",
        "PYTHONPATH": str(ROOT),
        "PULSE_FUZZ_UNIT": UNIT,
        "PULSE_FUZZ_TIP": tip["id"],
        "PULSE_FUZZ_RECEIPT": tip["receipt"],
    }
    return subprocess.run(
        command,
        cwd=directory,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=2 * int(SECONDS or 0) + HANGS_S,
        check=False,
    )


@pytest.mark.parametrize("caller", CALLERS.values(), ids=CALLERS)
def test_no_request_gets_an_answer_that_the_document_does_not_promise(
    rig: PagesRig, caller: Caller, tmp_path: Path
) -> None:
    told = fuzz(rig, caller, tmp_path)

    print(told.stdout[-4_000:])  # shown when it fails, and with -s
    assert told.returncode == 0, told.stdout[-12_000:] + told.stderr
    assert "No issues found" in told.stdout


def _another_form(paths: Any) -> None:
    paths["/v1/audit/head"]["get"]["responses"]["200"]["content"]["application/json"]["schema"] = {"type": "array"}


def _no_such_method(paths: Any) -> None:
    del paths["/v1/identity-requests"]["post"]


def _fewer_at_a_time(paths: Any) -> None:
    (limit,) = (each for each in paths["/v1/audit"]["get"]["parameters"] if each["name"] == "limit")
    limit["schema"]["maximum"] = 5


def _only_with_a_token(paths: Any) -> None:
    paths["/v1/receipts/status"]["post"]["security"] = [{"bearer": []}]


@pytest.mark.parametrize(
    ("caller", "promise", "broken"),
    [
        (Caller(DESK, "^/v1/audit/head$"), _another_form, "Response violates schema"),
        (Caller(DESK, "^/v1/identity-requests$"), _no_such_method, "Wrong response to undeclared method"),
        (Caller(DESK, "^/v1/audit$"), _fewer_at_a_time, "Schema-violating request accepted"),
        (Caller(PREFIX, "^/v1/receipts/status$"), _only_with_a_token, "API accepts requests without authentication"),
    ],
    ids=lambda given: given.__name__.strip("_") if callable(given) else "",
)
def test_a_promise_that_is_not_kept_is_found(
    rig: PagesRig, caller: Caller, promise: Callable[[Any], None], broken: str, tmp_path: Path
) -> None:
    app = {PREFIX: rig.desk.intake.app, DESK: rig.desk.app}[caller.prefix]
    document = app.openapi()
    app.openapi_schema = deepcopy(document)
    promise(app.openapi_schema["paths"])
    try:
        told = fuzz(rig, caller, tmp_path)
    finally:
        app.openapi_schema = document

    assert told.returncode != 0
    assert broken in told.stdout, told.stdout[-6_000:]
