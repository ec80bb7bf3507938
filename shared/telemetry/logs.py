"""JSON lines on standard output; owns their form, and keeps addresses and bodies of callers out of them."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

import orjson
import structlog
from structlog.typing import EventDict, Processor

NEVER_LOGGED: Final = frozenset({
    "address", "authorization", "body", "client", "client_addr", "cookie", "headers", "host", "input", "ip", "payload",
    "peer", "query", "receipt", "remote_addr", "token", "url", "user_agent",
})  # fmt: skip
_LIBRARIES_AT_WARNING: Final = ("aiokafka", "faust", "mode", "pymongo", "httpx", "httpx2", "asyncio", "uvicorn.access")
_FRAMES: Final = 12  # deeper recursion repeats itself

_discreet: ContextVar[bool] = ContextVar("discreet", default=False)


@contextmanager
def discreet() -> Iterator[None]:
    """Log exceptions raised inside by type and place only: their messages may repeat what a caller sent."""
    token = _discreet.set(True)
    try:
        yield
    finally:
        _discreet.reset(token)


def configure_logging(service: str, level: str = "INFO") -> None:
    """Write every log line of this process, libraries included, as JSON to standard output."""
    common: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _named(service),
        _without_people,
        _exception,
    ]
    structlog.configure(
        processors=[*common, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=common,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(serializer=_json),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _LIBRARIES_AT_WARNING:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


def _named(service: str) -> Processor:
    def add(_logger: Any, _method: str, event: EventDict) -> EventDict:
        event["service"] = service
        return event

    return add


def _without_people(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Drop fields in which an address or a body could travel, whoever put them there."""
    for name in NEVER_LOGGED & event.keys():
        del event[name]
    return event


def _exception(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Tell an exception by its type, its place and, unless discreet, its message; never by its variables."""
    given = event.pop("exc_info", None)
    error = given if isinstance(given, BaseException) else given[1] if isinstance(given, tuple) else None
    if given is True:
        error = sys.exc_info()[1]
    if error is None:
        return event
    frames = traceback.extract_tb(error.__traceback__)
    # Our own frames and where it happened: a request passes some twenty of the framework before it reaches us.
    told = [frame for frame in frames[:-1] if "site-packages" not in frame.filename][1 - _FRAMES :] + frames[-1:]
    cause = error.__cause__ or error.__context__
    event["error"] = {
        "type": _type_name(error),
        **({} if _discreet.get() else {"message": str(error)}),
        **({"cause": _type_name(cause)} if cause else {}),
        "at": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in told],
    }
    return event


def _type_name(error: BaseException) -> str:
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _json(event: MutableMapping[str, Any], **_: Any) -> str:
    return orjson.dumps(event, default=repr, option=orjson.OPT_NON_STR_KEYS).decode()
