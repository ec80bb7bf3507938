"""What verify reads over HTTP: the owners' journals and the figures as they are served."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import httpx
import orjson

PAGE: Final = 5_000
TIMEOUT_S: Final = 60.0


class NotReadable(Exception):
    """A service that does not answer, or refuses; the text says which and how."""


@dataclass(frozen=True, slots=True)
class Owner:
    """A service and the topics whose journal it keeps."""

    name: str
    url: str
    topics: tuple[str, ...]


class Journals:
    """The events of all owners, unit by unit."""

    def __init__(self, owners: tuple[Owner, ...], token: str) -> None:
        self._owners = owners
        self._client = httpx.Client(timeout=TIMEOUT_S, headers={"Authorization": f"Bearer {token}"})

    def units(self) -> Iterator[tuple[Owner, str, str, int]]:
        """(owner, topic, unit, committed position) of every sequence."""
        for owner in self._owners:
            for topic in owner.topics:
                told = _get(self._client, f"{owner.url}/v1/journal/units", topic=topic)
                for unit, position in told["units"].items():
                    yield owner, topic, unit, position

    def events(self, owner: Owner, topic: str, unit: str) -> Iterator[list[dict[str, Any]]]:
        """The events of one sequence from its beginning, page by page."""
        after: int | None = 0
        while after is not None:
            page = _get(self._client, f"{owner.url}/v1/journal", topic=topic, unit=unit, after=after, limit=PAGE)
            yield page["events"]
            after = page["next"]


class Served:
    """The figures that the API answers."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url
        self._client = httpx.Client(timeout=TIMEOUT_S, headers={"Authorization": f"Bearer {token}"})

    def cities(self) -> list[str]:
        return [city["code"] for city in _get(self._client, f"{self._url}/v1/cities")["cities"]]

    def windows(self) -> list[str]:
        return [window["id"] for window in _get(self._client, f"{self._url}/v1/windows")["windows"]]

    def table(self, city: str, window: str, *, map_: str = "is") -> dict[str, Any]:
        """The figures of all units of a city over one window, with the positions that they contain."""
        return _get(self._client, f"{self._url}/v1/figures", city=city, window=window, map=map_, positions=True)


def _get(client: httpx.Client, url: str, **parameters: str | int | bool) -> dict[str, Any]:
    """Raises: NotReadable."""
    try:
        answer = client.get(url, params=parameters)
        answer.raise_for_status()
    except httpx.HTTPStatusError as error:
        raise NotReadable(f"{url} answers {error.response.status_code}.") from error
    except httpx.TransportError as error:
        raise NotReadable(f"{url} does not answer ({type(error).__name__}).") from error
    content: dict[str, Any] = orjson.loads(answer.content)
    return content
