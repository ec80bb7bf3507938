"""What the first step of every target says on a machine that cannot run the system."""

import platform
import shutil
import sys
from pathlib import Path

import pytest

from deploy import bootstrap


@pytest.fixture(autouse=True)
def _supported_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(platform, "libc_ver", lambda: ("glibc", "2.36"))


def test_supported_machine_is_accepted() -> None:
    assert bootstrap.refusal() is None


@pytest.mark.parametrize("version", [(3, 10), (3, 14)])
def test_unsupported_python_is_named_with_the_way_out(
    monkeypatch: pytest.MonkeyPatch, version: tuple[int, int]
) -> None:
    monkeypatch.setattr(sys, "version_info", (*version, 0, "final", 0))

    assert bootstrap.refusal() == (
        f"Python 3.11 to 3.13 is needed, and this is 3.{version[1]}: "
        "name another one, as in `make PYTHON=python3.12 run`."
    )


@pytest.mark.parametrize(
    ("system", "machine", "libc", "told"),
    [
        ("Windows", "AMD64", "", "not for Windows on AMD64"),
        ("Darwin", "x86_64", "", "not for Darwin on x86_64"),
        ("Linux", "x86_64", "", "another C library"),
        ("Linux", "aarch64", "glibc", "C compiler"),
    ],
)
def test_unsupported_platform_is_named(
    monkeypatch: pytest.MonkeyPatch, system: str, machine: str, libc: str, told: str
) -> None:
    monkeypatch.setattr(platform, "system", lambda: system)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    monkeypatch.setattr(platform, "libc_ver", lambda: (libc, ""))
    monkeypatch.setattr(shutil, "which", lambda _name: None)

    sentence = bootstrap.refusal()

    assert sentence
    assert told in sentence
    assert sentence.count(".") <= 2


def test_other_pins_are_another_stamp(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    pins = tmp_path / "requirements" / "run.txt"
    pins.parent.mkdir()
    pins.write_text("a==1")
    before = bootstrap.stamp_of("run")

    pins.write_text("a==2")

    assert bootstrap.stamp_of("run") != before
