"""`python deploy/wait.py URL SECONDS` returns when the URL answers 200; owns nothing, needs no package."""

import sys
import time
import urllib.error
import urllib.request


def answers(url: str) -> bool:
    """Whether GET answers 200 now."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return int(response.status) == 200
    except (OSError, urllib.error.URLError):
        return False


def main() -> None:
    """Exit code 1 and one sentence if it takes too long."""
    url, limit_s = sys.argv[1], float(sys.argv[2])
    deadline = time.monotonic() + limit_s
    while not answers(url):
        if time.monotonic() > deadline:
            sys.exit(f"{url} did not answer within {limit_s:.0f} s.")
        time.sleep(0.5)


if __name__ == "__main__":
    main()
