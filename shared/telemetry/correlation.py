"""The correlation id of the work in hand; owns its form and the context that carries it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import structlog

from shared.ids import new_id

HEADER: Final = "X-Correlation-Id"
_ACCEPTED: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")


def accepted_correlation_id(offered: str | None) -> str:
    """The id a caller offered if it is harmless (letters, digits, `._-`, up to 64), else a new one."""
    return offered if offered is not None and _ACCEPTED.fullmatch(offered) else new_id()


def correlation_id() -> str | None:
    """The id of the request or event that this task works on, if any."""
    found = structlog.contextvars.get_contextvars().get("correlation_id")
    return found if isinstance(found, str) else None


@contextmanager
def correlated(correlation_id: str | None = None, **context: str) -> Iterator[None]:
    """Let every log line written inside carry these ids, for example `event_id`."""
    with structlog.contextvars.bound_contextvars(correlation_id=correlation_id or new_id(), **context):
        yield
