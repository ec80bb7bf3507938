"""Sends one message as e-mail; keeps nothing and repeats nothing."""

from __future__ import annotations

from collections.abc import Sequence
from email.message import EmailMessage
from typing import Any, Final

import aiosmtplib
import orjson

from services.stats.alerts.deliveries import Delivery
from services.stats.alerts.texts import CLEARED
from services.stats.alerts.webhook import NotDelivered
from services.stats.settings import StatsSettings

TIMEOUT_S: Final = 20.0
_STEP_VI: Final = {
    "alert.raised.v1": "Cảnh báo",
    "alert.acknowledged.v1": "Đã tiếp nhận",
    "alert.escalated.v1": "Chưa ai tiếp nhận",
    "alert.cleared.v1": "Đã hết",
}


class Mail:
    """Sends by the server that the settings name; without one nothing can be sent."""

    def __init__(self, settings: StatsSettings) -> None:
        self._settings = settings

    @property
    def is_set_up(self) -> bool:
        return self._settings.smtp_host is not None

    async def send(self, delivery: Delivery, to: Sequence[str]) -> None:
        """Return once the server has taken the message. Raises: NotDelivered."""
        settings = self._settings
        if settings.smtp_host is None:
            raise NotDelivered("no server for e-mail is set up")
        password = settings.smtp_password
        try:
            await aiosmtplib.send(
                composed(delivery, to, sender=settings.smtp_from),
                hostname=settings.smtp_host,
                port=settings.smtp_port,
                use_tls=settings.smtp_security == "tls",
                start_tls=settings.smtp_security == "starttls",
                username=settings.smtp_username,
                password=None if password is None else password.get_secret_value(),
                timeout=TIMEOUT_S,
            )
        except (aiosmtplib.SMTPException, OSError) as error:
            # What a server says may hold addresses of people.
            raise NotDelivered(type(error).__name__) from None


def composed(delivery: Delivery, to: Sequence[str], *, sender: str) -> EmailMessage:
    """The message in both languages. A second one with the same Message-ID is the same message."""
    told: dict[str, Any] = orjson.loads(delivery.body)
    alert = told["alert"]
    message = EmailMessage()
    message["From"] = sender
    message["To"] = ", ".join(to)
    title = alert["text_vi"].partition(".")[0]
    message["Subject"] = f"[{_STEP_VI[delivery.type]}] {title}"
    message["Message-ID"] = f"<{delivery.id}@commune-pulse>"
    message["Auto-Submitted"] = "auto-generated"
    over = CLEARED[reason] if (reason := alert["cleared_reason"]) else ("", "")
    vi, en = (" ".join(filter(None, pair)) for pair in zip((alert["text_vi"], alert["text_en"]), over, strict=True))
    message.set_content(f"{vi}\n\n{en}\n\n{alert['id']} – {alert['raised_at']}\n")
    return message
