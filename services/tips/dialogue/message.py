"""What a message is, and how it goes into a seal; pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

MAX_MESSAGES: Final = 200  # of both sides; a case that needs more is talked about otherwise


class Author(StrEnum):
    """Whose words they are."""

    REPORTER = "reporter"
    OFFICER = "officer"


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a dialogue. The time of an anonymous reporter's is as coarse as all times of the tip."""

    number: int
    author: Author
    sent_at: datetime
    text: str

    @classmethod
    def of(cls, document: dict[str, Any], content: bytes) -> "Message":
        """From what was noted beside the seal and what was in it."""
        return cls(document["number"], Author(document["author"]), document["sent_at"], content.decode())
