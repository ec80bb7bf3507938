"""Requests made from the OpenAPI documents of intake and desk, good and bad: no answer breaks what they promise.

`make fuzz` runs the same for longer and with another seed.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from shared.security import Role
from tests.integration.pages_rig import DESK, PREFIX, PagesRig, pages
from tests.integration.tips_rig import UNIT

ROOT: Final = Path(__file__).resolve().parents[2]
SEED: Final = os.environ.get("PULSE_FUZZ_SEED", "2026")
EXAMPLES: Final = os.environ.get("PULSE_FUZZ_EXAMPLES", "3")
SECONDS: Final = os.environ.get("PULSE_FUZZ_S")
"""For each of the two, again and again until they have passed. Unless told, each is gone through once: so many examples
of each operation, however long they take. Ten seconds of a busy machine were over before the first."""
HANGS_S: Final = 600
"""Nothing is checked by this time; it ends a test that would never end."""
ANSWERS_WITHIN_S: Final = 120
"""What is checked is what is answered, not how soon: unless told, Schemathesis takes ten seconds for a failure."""
CHECKS: Final = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


@pytest.fixture(scope="module")
def rig(store_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PagesRig]:
    with pages(store_uri, tmp_path_factory.mktemp("fuzz")) as rig:
        assert rig.do(rig.desk.intake.submit()).status_code == 201
        for app in (rig.desk.intake.app, rig.desk.app):
            app.openapi()  # kept from here on: made on request, it could take longer than Schemathesis waits for it
        yield rig


def fuzz(rig: PagesRig, prefix: str, directory: Path, *chosen: str) -> subprocess.CompletedProcess[str]:
    """Schemathesis against one of the two, with the token of an administrator."""
    token = rig.desk.intake.mint.headers(Role.ADMINISTRATOR, "*")["Authorization"]
    command = [
        *(str(Path(sys.executable).with_name("schemathesis")), "run", f"{rig.address}{prefix}/openapi.json"),
        *("--url", f"{rig.address}{prefix}", "--header", f"Authorization:{token}", "--checks", CHECKS),
        *("--phases", "examples,fuzzing,stateful", "--max-examples", EXAMPLES, "--seed", SEED, "--no-shrink"),
        *("--request-timeout", str(ANSWERS_WITHIN_S), *(("--max-time", SECONDS) if SECONDS else ())),
        *("--generation-database", "none", "--warnings", "off", "--no-color", *chosen),
    ]
    tips = rig.do(rig.desk.intake.client.get("/v1/tips", params={"unit": UNIT}, headers=rig.desk.officer)).json()
    environment = {
        "SCHEMATHESIS_HOOKS": "tests.support.fuzz_hooks",
        "PYTHONPATH": str(ROOT),
        "PULSE_FUZZ_UNIT": UNIT,
        "PULSE_FUZZ_TIP": tips["items"][-1]["id"],
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


@pytest.mark.parametrize("prefix", [PREFIX, DESK])
def test_no_request_gets_an_answer_that_the_document_does_not_promise(
    rig: PagesRig, prefix: str, tmp_path: Path
) -> None:
    told = fuzz(rig, prefix, tmp_path)

    print(told.stdout[-4_000:])  # shown when it fails, and with -s
    assert told.returncode == 0, told.stdout[-12_000:] + told.stderr
    assert "No issues found" in told.stdout


def test_an_answer_that_breaks_the_document_is_found(rig: PagesRig, tmp_path: Path) -> None:
    app = rig.desk.app
    document = app.openapi()
    listed = document["paths"]["/v1/audit/head"]["get"]["responses"]["200"]["content"]["application/json"]
    sound, listed["schema"] = listed["schema"], {"type": "array"}
    try:
        told = fuzz(rig, DESK, tmp_path, "--include-path", "/v1/audit/head")
    finally:
        listed["schema"] = sound

    assert told.returncode != 0
    assert "GET /v1/audit/head" in told.stdout
