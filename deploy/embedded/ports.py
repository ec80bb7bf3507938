"""Where the processes of `make run` listen; owns the ports and how they are asked whether somebody answers."""

import asyncio
import errno
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from deploy.embedded.servers import HOST

PROBE_TIMEOUT_S: Final = 2.0


class SetUpRefused(Exception):
    """A set-up that cannot start; the text says why in one sentence, and what to do."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Where everything listens. Source: PULSE_*_PORT."""

    stats: int = 8000
    tips: int = 8001
    patrols: int = 8002
    awards: int = 8003
    desk: int = 8004
    worker_metrics: int = 8010
    ledger_metrics: int = 8011
    broker: int = 19092
    store: int = 27018

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Ports":
        """The ports that the environment asks for. Raises: SetUpRefused unless they are numbers, all different."""
        chosen: dict[str, int] = {}
        for name in cls.__slots__:
            told = environment.get(variable(name))
            if told is not None and not (told.isdecimal() and 0 < int(told) < 65536):
                raise SetUpRefused(f"{variable(name)}={told} is not a port number.")
            if told is not None:
                chosen[name] = int(told)
        ports = cls(**chosen)
        numbers = [getattr(ports, name) for name in cls.__slots__]
        if len(set(numbers)) < len(numbers):
            raise SetUpRefused("Two of the ports are the same number; give each its own with PULSE_*_PORT.")
        return ports


def variable(name: str) -> str:
    """The environment variable that moves a port."""
    return f"PULSE_{name.upper()}_PORT"


def check_port(name: str, port: int) -> None:
    """Nobody listens on this port. Raises: SetUpRefused with how to choose another one."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections the last run closed do not count
        try:
            probe.bind((HOST, port))
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            reason = "is taken by another program" if taken else f"cannot be used ({error.strerror})"
            raise SetUpRefused(
                f"Port {port}, meant for {name}, {reason}: end that program, or choose another with {variable(name)}=…"
            ) from None


async def http_answers(port: int, path: str) -> bool:
    """Whether GET answers 200."""
    try:
        async with asyncio.timeout(PROBE_TIMEOUT_S):
            reader, writer = await asyncio.open_connection(HOST, port)
            try:
                writer.write(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
                return b" 200 " in await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False
