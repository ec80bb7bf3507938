"""Sends one message as a signed POST request, and only to where it may; keeps nothing and repeats nothing."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
import socket
from datetime import datetime
from typing import Final
from urllib.parse import SplitResult, urlsplit

import httpx

from services.stats.alerts.deliveries import Delivery
from shared.errors import InvalidInput

DELIVERY_HEADER: Final = "Pulse-Delivery"
TIMESTAMP_HEADER: Final = "Pulse-Timestamp"
SIGNATURE_HEADER: Final = "Pulse-Signature"
TIMEOUT_S: Final = 10.0


class NotDelivered(Exception):
    """The recipient did not take the message; the text says how that showed, without what it answered."""


class TargetRefused(InvalidInput):
    """The address leads to where no message may be sent."""


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """HMAC-SHA256 over the timestamp, a dot and the body, in hexadecimal digits."""
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


class Webhook:
    """Sends to public addresses over TLS; to any where a setting allows it."""

    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private = allow_private
        self._client = httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False, follow_redirects=False)

    async def close(self) -> None:
        await self._client.aclose()

    async def check(self, url: str) -> None:
        """Raises: TargetRefused unless messages may be sent to the address."""
        await self._address(_parts(url, self._allow_private))

    async def send(self, delivery: Delivery, url: str, secret: str, *, at: datetime) -> None:
        """Return once the recipient has answered with 2xx. Raises: NotDelivered, TargetRefused."""
        parts = _parts(url, self._allow_private)
        address = await self._address(parts)
        timestamp = str(int(at.timestamp()))
        headers = {
            "host": parts.netloc.rpartition("@")[2],
            "content-type": "application/json",
            DELIVERY_HEADER: delivery.id,
            TIMESTAMP_HEADER: timestamp,
            SIGNATURE_HEADER: f"v1={signature(secret, timestamp, delivery.body)}",
        }
        # Connected to by the address that was checked: a name may lead elsewhere a moment later.
        target = httpx.URL(url).copy_with(host=address)
        try:
            answer = await self._client.post(
                target, content=delivery.body, headers=headers, extensions={"sni_hostname": parts.hostname}
            )
        except httpx.HTTPError as error:
            raise NotDelivered(type(error).__name__) from None
        if not answer.is_success:
            raise NotDelivered(f"status {answer.status_code}")

    async def _address(self, parts: SplitResult) -> str:
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(parts.hostname, parts.port or 443, type=socket.SOCK_STREAM)
        except OSError:
            raise NotDelivered("the name is not known") from None
        addresses = [str(each[4][0]) for each in found]
        if not self._allow_private and not all(ipaddress.ip_address(address).is_global for address in addresses):
            raise TargetRefused.of("url", "leads to a private address")
        return addresses[0]


def _parts(url: str, allow_private: bool) -> SplitResult:
    """Raises: TargetRefused for an address that is none, holds a password, or is not over TLS."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise TargetRefused.of("url", "is not an address") from None
    if not parts.hostname or parts.username is not None:
        raise TargetRefused.of("url", "must name a host, and no user")
    if parts.scheme != "https" and not allow_private:
        raise TargetRefused.of("url", "must begin with https://")
    return parts
