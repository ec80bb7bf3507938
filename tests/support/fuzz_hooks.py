"""Leads half of the made-up requests to what exists: nearly all made-up ids and communes are refused at once."""

import os
import re
from typing import Any, Final
from uuid import uuid4

import schemathesis

UNIT: Final = os.environ["PULSE_FUZZ_UNIT"]
TIP: Final = os.environ["PULSE_FUZZ_TIP"]
RECEIPT: Final = os.environ["PULSE_FUZZ_RECEIPT"]
_COULD_BE: Final = re.compile(r"[!-~]{1,16}|[!-~]{36}")
"""What no rule forbids; all else may have been made up to be refused, and has to stay so."""


def _half(text: str) -> bool:
    return _COULD_BE.fullmatch(text) is not None and sum(text.encode()) % 2 == 0


def _led(sent: Any, name: str, there: str) -> Any:
    if isinstance(sent, dict) and isinstance(sent.get(name), str) and _half(sent[name]):
        return {**sent, name: there}
    return sent


@schemathesis.hook
def map_query(_: schemathesis.HookContext, query: Any) -> Any:
    return _led(query, "unit", UNIT)


@schemathesis.hook
def map_path_parameters(_: schemathesis.HookContext, path_parameters: Any) -> Any:
    return _led(path_parameters, "tip_id", TIP)


@schemathesis.hook
def map_body(_: schemathesis.HookContext, body: Any) -> Any:
    return _led(_led(_led(body, "unit", UNIT), "tip", TIP), "receipt", RECEIPT)


@schemathesis.hook
def map_headers(_: schemathesis.HookContext, headers: Any) -> Any:
    """Half of the keys are new: made up, most are one and the same, and only the first is not used up."""
    return _led(headers, "Idempotency-Key", str(uuid4()))
