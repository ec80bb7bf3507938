"""The files of the console: complete, within their size, without any address outside, in both languages."""

import gzip
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.console_rig import ConsoleRig, running

CONSOLE = Path(__file__).resolve().parents[2] / "services" / "stats" / "console"
MODULES = sorted([*CONSOLE.glob("js/**/*.js"), *CONSOLE.glob("vendor/*.js")])
LARGEST_SCRIPTS_BYTES = 80 * 1024


@pytest.fixture(scope="module")
def served() -> Iterator[httpx.Client]:
    with running(ConsoleRig()) as rig, httpx.Client(base_url=rig.url) as client:
        yield client


def names(path: Path) -> str:
    return path.relative_to(CONSOLE).as_posix()


def words(language: str) -> dict[str, str]:
    source = (CONSOLE / "js" / "i18n" / f"{language}.js").read_text()
    return dict(re.findall(r'^ {2}(\w+): "(.*)",$', source, re.MULTILINE))


def test_page_and_its_files_are_served_under_a_strict_policy(served: httpx.Client) -> None:
    page = served.get("/")

    files = re.findall(r'(?:src|href)="(/[^"]+)"', page.text)

    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    assert {served.get(file).status_code for file in files} == {200}


def test_page_has_neither_inline_script_nor_inline_style(served: httpx.Client) -> None:
    page = served.get("/").text

    assert re.findall(r"<script(?![^>]*\bsrc=)", page) == []
    assert "<style" not in page
    assert " style=" not in page


def test_every_module_is_fetched_at_once(served: httpx.Client) -> None:
    page = served.get("/").text

    announced = set(re.findall(r'(?:modulepreload" href|module" src)="/console/([^"]+)"', page))

    assert announced == {names(module) for module in MODULES}


def test_scripts_stay_small() -> None:
    size = sum(len(gzip.compress(module.read_bytes(), 9)) for module in MODULES)

    assert size <= LARGEST_SCRIPTS_BYTES


def test_nothing_points_outside() -> None:
    texts = {
        names(file): file.read_text() for file in CONSOLE.rglob("*") if file.suffix in {".js", ".css", ".html", ".svg"}
    }
    # What stands in the vendored modules and in an SVG are names of XML namespaces, which nobody fetches.
    namespaces = r"http://www\.w3\.org/(2000/svg|1999/xhtml|1998/Math/MathML|1999/xlink)"

    outside = {
        name: re.findall(r"(?:https?:)?//[\w-]+\.[\w.]+", re.sub(namespaces, "", t)) for name, t in texts.items()
    }

    assert {name: found for name, found in outside.items() if found} == {}


def test_both_languages_say_the_same_things() -> None:
    vietnamese, english = words("vi"), words("en")

    def blanks(said: dict[str, str]) -> dict[str, set[str]]:
        return {key: set(re.findall(r"\{(\w+)\}", text)) for key, text in said.items()}

    assert len(vietnamese) > 100
    assert blanks(vietnamese) == blanks(english)


def test_every_word_used_is_known() -> None:
    known = words("vi")
    used = {key for module in CONSOLE.glob("js/**/*.js") for key in re.findall(r'\bt\("(\w+)"', module.read_text())}

    assert used - known.keys() == set()


def test_vendored_packages_are_recorded_with_version_and_licence() -> None:
    record = (CONSOLE / "vendor" / "README.md").read_text()

    unrecorded = [file.name for file in (CONSOLE / "vendor").glob("*.js") if f"`{file.name}`" not in record]

    assert unrecorded == []
    assert len(re.findall(r"\| `sha512-[\w+/]+=*` \|", record)) == 5


@pytest.mark.skipif(shutil.which("node") is None, reason="no Node.js to run the modules with")
@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("compare(110, 100, {kind: 'additive', good: 'up'}).tone", "good"),
        ("compare(110, 100, {kind: 'additive', good: 'down'}).tone", "bad"),
        ("compare(110, 100, {kind: 'additive', good: 'neutral'}).tone", "plain"),
        ("compare(90, 100, {kind: 'additive', good: 'up'}).direction", -1),
        ("compare(3, 2, {kind: 'additive', good: 'up'}).form", "count"),
        ("compare(3, 0, {kind: 'additive', good: 'up'}).size", 3),
        ("compare(3, null, {kind: 'additive', good: 'up'})", None),
        ("compare(500, [100, 120], {kind: 'additive', good: 'up'}).size", 0.2),
        ("compare(null, 50, {kind: 'ratio', good: 'up', unit_vi: '%'})", None),
        ("compare(51.5, 50, {kind: 'ratio', good: 'up', unit_vi: '%'}).form", "points"),
    ],
)
def test_change_against_a_baseline(expression: str, expected: object) -> None:
    module = (CONSOLE / "js" / "comparison.js").as_uri()
    script = f"import {{ compare }} from '{module}'; console.log(JSON.stringify({expression}));"

    answer = subprocess.run(
        ["node", "--input-type=module", "--no-warnings", "--experimental-default-type=module", "-e", script],
        capture_output=True,
        text=True,
        check=True,
    )

    assert json.loads(answer.stdout) == expected
