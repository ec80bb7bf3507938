"""What every file of the system has in common."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("shared", "services", "deploy")
SOURCES = sorted(
    path for package in PACKAGES for path in (ROOT / package).rglob("*.py") if "node_modules" not in path.parts
)
SERVICES = ("tips", "patrols", "awards", "stats")
SAME_NAMES = (
    "__init__",
    "__main__",
    "app",
    "settings",
    "routes",
    "schemas",
    "deps",
    "handlers",
    "domain",
    "repository",
)
PURE = (
    *(f"services/{name}/domain" for name in ("tips", "patrols", "awards")),
    *(f"services/stats/{name}" for name in ("catalogue", "engine", "panes", "windows")),
    *(f"services/stats/alerts/{name}" for name in ("chance", "findings", "looking", "texts")),
    "services/stats/publications/publication",
)
IMPURE_CALL = re.compile(
    r"(datetime|date)\.(now|utcnow|today)|time\.\w+|(uuid\.)?uuid[1-8]|random\.\w+|secrets\.\w+|os\.\w+|open"
)
NAMELESS = {"utils", "util", "helpers", "helper", "common", "misc", "data", "info", "manager"}
LONGEST_FILE = 330
LONGEST_FUNCTION = 66


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def modules(prefix: str) -> Iterator[Path]:
    path = ROOT / prefix
    yield from sorted(path.rglob("*.py")) if path.is_dir() else [path.with_suffix(".py")]


def test_every_module_says_what_it_owns() -> None:
    silent = [name_of(path) for path in SOURCES if not ast.get_docstring(tree_of(path))]

    assert silent == []


def test_files_fit_a_reader() -> None:
    long = {name_of(path): lines for path in SOURCES if (lines := len(path.read_text().splitlines())) > LONGEST_FILE}

    assert long == {}


def test_functions_fit_a_screen() -> None:
    long = [
        f"{name_of(path)}:{node.lineno} {node.name}"
        for path in SOURCES
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= LONGEST_FUNCTION
    ]

    assert long == []


def test_no_module_is_named_like_one_of_the_standard_library_or_like_nothing() -> None:
    refused = NAMELESS | sys.stdlib_module_names - {"__main__"}

    assert [name_of(path) for path in SOURCES if path.stem in refused] == []


@pytest.mark.parametrize("service", ["tips", "patrols", "awards"])
def test_services_have_the_same_files(service: str) -> None:
    directory = ROOT / "services" / service

    missing = [
        name
        for name in SAME_NAMES
        if not ((directory / f"{name}.py").is_file() or (directory / name / "__init__.py").is_file())
    ]

    assert missing == []


@pytest.mark.parametrize("prefix", PURE)
def test_pure_code_takes_time_and_ids_as_arguments(prefix: str) -> None:
    reached = [
        f"{name_of(path)}:{node.lineno}"
        for path in modules(prefix)
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call) and IMPURE_CALL.fullmatch(ast.unparse(node.func))
    ]

    assert reached == []


@pytest.mark.parametrize("pins", sorted((ROOT / "requirements").glob("*.txt")), ids=lambda path: path.stem)
def test_pins_are_exact_hashed_and_name_no_registry(pins: Path) -> None:
    text = pins.read_text()
    entries = re.split(r"\n(?=\S)", text.strip())

    assert "://" not in text
    assert not re.search(r"^--", text, re.MULTILINE)
    assert [entry for entry in entries if "==" not in entry or "--hash=sha256:" not in entry] == []
    assert not {entry.split("==")[0] for entry in entries} & set(PACKAGES)


def test_every_service_has_an_extra_and_pins_of_its_own() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]

    assert set(SERVICES) <= set(extras)
    assert all((ROOT / "requirements" / f"{service}.txt").is_file() for service in SERVICES)


def test_services_are_not_given_the_embedded_servers() -> None:
    given = "\n".join((ROOT / "requirements" / f"{service}.txt").read_text().lower() for service in SERVICES)

    assert "secantusdb" not in given
    assert "calfkit" not in given


def test_every_direct_dependency_is_pinned_where_it_is_needed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {"run": [*project["dependencies"], *project["optional-dependencies"]["embedded"]]}
    wanted |= {name: [*project["dependencies"], *project["optional-dependencies"][name]] for name in SERVICES}

    for kind, requirements in wanted.items():
        pinned = {line.split("==")[0] for line in (ROOT / "requirements" / f"{kind}.txt").read_text().splitlines()}
        names = {re.split(r"[\[<>=~!;]", requirement)[0].lower() for requirement in requirements}
        assert names <= pinned, kind
