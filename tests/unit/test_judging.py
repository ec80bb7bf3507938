"""A comparison that found nothing to compare leads readers nowhere, but for an empty log or a lost state."""

from types import SimpleNamespace
from typing import Any

import pytest

from services.stats.generations import judging, rebuilding
from services.stats.generations.agreement import Agreement
from services.stats.generations.judging import Judge
from services.stats.generations.rebuilding import Rebuild, Wanted
from shared.clock import SystemClock
from shared.contracts.stats import SelfCheck

FULL, EMPTY = True, False


class Told:
    """A control topic that keeps what it is told."""

    def __init__(self, *, attended: bool = False) -> None:
        self.records: list[Any] = []
        self.control = SimpleNamespace(
            pointer=SimpleNamespace(state="old"),
            rules={},
            is_folded=lambda *_, **__: attended,
            next_pointer=lambda state, **_: state,
        )

    async def tell(self, record: Any) -> None:
        self.records.append(record)


class Nothing:
    """Stands for a broker that holds no record of any state."""

    def __init__(self, *_: Any, **__: Any) -> None: ...

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def close(self) -> None: ...

    async def __aenter__(self) -> "Nothing":
        return self

    async def __aexit__(self, *_: object) -> None: ...


def log_is(full: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    async def has_events(_: object) -> bool:
        return full

    monkeypatch.setattr(judging, "has_events", has_events)
    monkeypatch.setattr(rebuilding, "has_events", has_events)


@pytest.mark.parametrize(("full", "attended", "outcome"), [
    (FULL, True, "failed"),
    (EMPTY, True, "agrees"),
    (FULL, False, "agrees"),  # the served state is lost for good
])  # fmt: skip
async def test_readers_do_not_leave_a_state_that_is_kept_up_for_one_that_was_compared_with_nothing(
    full: bool, attended: bool, outcome: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_is(full, monkeypatch)
    told: Any = Told(attended=attended)
    settings: Any = SimpleNamespace(instance="w")
    judge = Judge(settings, told, SimpleNamespace(state="new"), SystemClock())  # type: ignore[arg-type]

    async def gone(*_: object) -> Agreement:
        return Agreement()

    monkeypatch.setattr(judge, "_compare", gone)

    agrees = await judge._judge()

    check: SelfCheck = told.records[0]
    follows = outcome == "agrees"
    assert (check.outcome, check.switched, agrees) == (outcome, follows, follows)
    assert told.records[1:] == (["new"] if follows else [])


@pytest.mark.parametrize(("full", "outcome"), [(FULL, "failed"), (EMPTY, "agrees")])
async def test_rebuild_that_compared_nothing_agrees_and_switches_only_on_an_empty_log(
    full: bool, outcome: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def ensured(*_: object) -> None: ...

    async def nothing(*_: object) -> Agreement:
        return Agreement()

    log_is(full, monkeypatch)
    for name in ("StateReader", "TopicWriter", "Replay"):
        monkeypatch.setattr(rebuilding, name, Nothing)
    monkeypatch.setattr(rebuilding, "ensure_topics", ensured)
    monkeypatch.setattr(Rebuild, "_partition", nothing)
    told: Any = Told()
    settings: Any = SimpleNamespace(kafka_partitions=1)
    made: Any = None
    rebuild = Rebuild(settings, told, SystemClock(), generation="old", new_fold=made, share=1.0, told_by="t")

    check = await rebuild.run(Wanted("rebuild", always_keep=True, switch=True))

    assert (check.outcome, check.switched) == (outcome, not full)
