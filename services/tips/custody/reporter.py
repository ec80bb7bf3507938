"""Who gave a tip, as it goes into a seal and comes out of one; shows itself nowhere."""

from dataclasses import dataclass
from typing import Self

import orjson


@dataclass(frozen=True, slots=True)
class Reporter:
    """Who gave a tip; shows itself in no log line, traceback or assertion."""

    name: str
    contact: str

    def __repr__(self) -> str:
        return "Reporter(…)"

    def encoded(self) -> bytes:
        """As it is sealed."""
        return orjson.dumps({"name": self.name, "contact": self.contact})

    @classmethod
    def decoded(cls, content: bytes) -> Self:
        """As it was sealed."""
        told = orjson.loads(content)
        return cls(told["name"], told["contact"])
