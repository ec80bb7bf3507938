from collections.abc import Mapping, Sequence

import orjson
import pytest

from services.stats.folding.resends import Missing, Resends
from services.stats.state.topic import Entry
from shared.messaging.producer import partition_of

HOLE = Missing("tips.v1", "00070", after=4)


class Written:
    def __init__(self) -> None:
        self.requests: list[tuple[int, bytes, dict[str, object]]] = []

    async def write(self, entries: Mapping[int, Sequence[Entry]]) -> None:
        for partition, some in entries.items():
            self.requests.extend((partition, key, orjson.loads(value or b"")) for key, value in some)


@pytest.fixture
def written() -> Written:
    return Written()


@pytest.fixture
def resends(written: Written) -> Resends:
    return Resends(written, partitions=12, requested_by="worker-a")


async def test_a_hole_is_asked_for_at_once_in_the_partition_of_its_unit(resends: Resends, written: Written) -> None:
    await resends.ask([HOLE], now_s=0.0)

    [(partition, key, request)] = written.requests
    assert (partition, key) == (partition_of("00070", 12), b"00070")
    assert request == {"topic": "tips.v1", "unit": "00070", "after": 4, "requested_by": "worker-a"}


async def test_an_unanswered_request_is_repeated_ever_less_often(resends: Resends) -> None:
    asked_at = [second for second in range(120) if await resends.ask([HOLE], now_s=float(second))]

    assert asked_at == [0, 5, 15, 35, 75]


async def test_a_hole_that_moved_on_is_asked_for_at_once(resends: Resends, written: Written) -> None:
    await resends.ask([HOLE], now_s=0.0)
    await resends.ask([Missing("tips.v1", "00070", after=9)], now_s=1.0)

    assert [request["after"] for _, _, request in written.requests] == [4, 9]


async def test_a_healed_hole_is_forgotten(resends: Resends) -> None:
    await resends.ask([HOLE], now_s=0.0)
    await resends.ask([], now_s=1.0)

    assert await resends.ask([HOLE], now_s=2.0) == 1


async def test_what_may_come_by_itself_is_given_its_time(resends: Resends) -> None:
    unreadable = Missing("tips.v1", "00070", after=4, patience_s=60.0)

    asked_at = [second for second in range(70) if await resends.ask([unreadable], now_s=float(second))]

    assert asked_at == [60, 65]
