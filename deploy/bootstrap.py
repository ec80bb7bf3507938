"""Makes .venv from the hashed pins; owns nothing but that directory and runs on the standard library alone.

Usage: python deploy/bootstrap.py run|dev
"""

import hashlib
import importlib.util
import platform
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
OLDEST, NEWEST = (3, 11), (3, 13)
PLATFORMS = {("Linux", "x86_64"), ("Linux", "aarch64"), ("Darwin", "arm64")}  # those with a wheel of each server


def refusal() -> "str | None":
    """Why the system cannot run here, in one sentence, or None."""
    version, here = sys.version_info[:2], (platform.system(), platform.machine())
    if not OLDEST <= version <= NEWEST:
        return (
            f"Python {_dotted(OLDEST)} to {_dotted(NEWEST)} is needed, and this is {_dotted(version)}: "
            "name another one, as in `make PYTHON=python3.12 run`."
        )
    if here not in PLATFORMS:
        return (
            f"The embedded servers exist for Linux (x86-64, arm64) and macOS (arm64), not for {here[0]} on {here[1]}."
        )
    if here[0] == "Linux" and platform.libc_ver()[0] != "glibc":
        return "The embedded servers need a Linux with glibc, and this one has another C library."
    if here == ("Linux", "aarch64") and not (shutil.which("cc") or shutil.which("gcc")):
        return "On Linux arm64 faust-streaming is built from source: install a C compiler (Debian: build-essential)."
    if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
        return "This Python cannot make virtual environments: install its venv package (Debian: python3-venv)."
    return None


def stamp_of(kind: str) -> Path:
    """The file that says that these very pins are installed."""
    return VENV / f".stamp-{kind}-{hashlib.sha256(_pins(kind).read_bytes()).hexdigest()[:16]}"


def works() -> bool:
    """Whether .venv holds a Python that starts and that the pins are for."""
    check = f"import sys; sys.exit(not ({OLDEST} <= sys.version_info[:2] <= {NEWEST}))"
    try:
        return subprocess.call([str(PYTHON), "-c", check]) == 0
    except OSError:
        return False


def install(kind: str) -> None:
    """The pins are in .venv afterwards. Raises: subprocess.CalledProcessError."""
    started = time.monotonic()
    print("Installing the pinned packages into .venv; it takes a minute or two, once.", flush=True)
    if not works():
        subprocess.check_call([sys.executable, "-m", "venv", "--clear", str(VENV)])
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.check_call([*pip, "--require-hashes", "-r", str(_pins(kind))])
    for old in VENV.glob(f".stamp-{kind}-*"):
        old.unlink()
    stamp_of(kind).touch()
    print(f"Installed in {time.monotonic() - started:.0f} s.", flush=True)


def main() -> None:
    """Install if the pins changed since, or say in one sentence why not."""
    kind = sys.argv[1]
    # What tests need contains what running needs.
    if any(stamp_of(enough).exists() for enough in (kind, "dev")) and works():
        return
    if sentence := refusal():
        sys.exit(sentence)
    try:
        install(kind)
    except subprocess.CalledProcessError as error:
        sys.exit(f"The packages could not be installed (exit code {error.returncode}); the lines above say why.")


def _pins(kind: str) -> Path:
    return ROOT / "requirements" / f"{kind}.txt"


def _dotted(version: "tuple[int, ...]") -> str:
    return ".".join(map(str, version))


if __name__ == "__main__":
    main()
