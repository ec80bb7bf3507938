"""What stats.panes.v1 tells: the state that is served, who folds which one, and what self-checks found. Does no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, TypeAlias

from pydantic import ValidationError

from shared.contracts.stats import Pointer, Rules, SelfCheck, WorkerBeat

BEAT_S: Final = 5.0
SILENT_AFTER: Final = timedelta(seconds=12)  # two missed beats, as with the relays

ControlRecord: TypeAlias = Pointer | Rules | WorkerBeat | SelfCheck
Partition: TypeAlias = tuple[str, int]

_KINDS: Final[Mapping[str, type[ControlRecord]]] = {
    "pointer": Pointer,
    "rules": Rules,
    "worker": WorkerBeat,
    "check": SelfCheck,
}


class Role(StrEnum):
    """What a worker's state is to the readers."""

    SERVED = "served"
    CANDIDATE = "candidate"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True)
class Seen:
    """A worker's newest beat and when it came here; clocks of other machines are not relied on."""

    beat: WorkerBeat
    seen_at: datetime


def key_of(record: ControlRecord) -> bytes:
    """The key under which a record stands."""
    match record:
        case Pointer():
            return f"pointer/{record.number}/{record.told_by}".encode()
        case Rules():
            return f"rules/{record.generation}".encode()
        case WorkerBeat():
            return f"worker/{record.state}/{record.instance}".encode()
        case SelfCheck():
            return f"check/{record.id}".encode()


def generation_of(state: str) -> str:
    """The rules that a state was folded by."""
    return state.partition(".")[0]


class Control:
    """What is known of the states of the statistics."""

    def __init__(self) -> None:
        self.pointers: list[Pointer] = []  # in the order of their numbers
        self.rules: dict[str, Rules] = {}
        self.workers: dict[bytes, Seen] = {}
        self._attended: dict[str, dict[Partition, Seen]] = {}  # by state; a restarted worker's newest beat has none yet
        self.checks: dict[str, SelfCheck] = {}

    def clear(self) -> None:
        """Forget everything: the topic has begun anew."""
        for told in (self.pointers, self.rules, self.workers, self._attended, self.checks):
            told.clear()

    def take(self, key: bytes, value: bytes | None, *, now: datetime) -> ControlRecord | None:
        """Take in the next record; None if it is of no known kind or tells nothing new. Raises: ValueError."""
        kind = _KINDS.get(key.partition(b"/")[0].decode(errors="replace"))
        if kind is None:
            return None
        if value is None:
            self._forget(key)
            return None
        try:
            record = kind.model_validate_json(value)
        except ValidationError as error:
            raise ValueError(f"the value under {key.decode(errors='replace')} cannot be read") from error
        if isinstance(record, Pointer):
            return self._point(record)
        if isinstance(record, Rules):
            self.rules[record.generation] = record
        elif isinstance(record, WorkerBeat):
            self._see(key, Seen(record, now))
        elif isinstance(record, SelfCheck):
            self.checks[record.id] = record
        return record

    @property
    def pointer(self) -> Pointer | None:
        """The claim that holds."""
        return self.pointers[-1] if self.pointers else None

    def next_pointer(
        self, state: str, *, at: datetime, told_by: str, reason: str, generation: str | None = None
    ) -> Pointer:
        """A claim that holds if nobody else makes one first."""
        number = self.pointer.number + 1 if self.pointer else 1
        rules = generation or generation_of(state)
        return Pointer(number=number, state=state, generation=rules, at=at, told_by=told_by, reason=reason)

    def superseded_at(self, state: str) -> datetime | None:
        """When the readers were led away from a state; None if they never were, or are back."""
        if self.pointer is None or self.pointer.state == state:
            return None
        named = [place for place, pointer in enumerate(self.pointers) if pointer.state == state]
        return self.pointers[named[-1] + 1].at if named else None

    def state_for(self, generation: str, *, now: datetime, kept: timedelta) -> tuple[Role, str] | None:
        """The state that a worker of these rules folds into; None while it has nothing to do.

        Rules that were left are taken up again only once nobody folds by those that came after: two versions that run
        side by side would else take the readers from each other for ever. Until then their state is kept up for as
        long as it is kept at all.
        """
        if self.pointer is None:
            return Role.SERVED, generation
        if self.pointer.generation == generation:
            return Role.SERVED, self.pointer.state
        former = [pointer.state for pointer in self.pointers if pointer.generation == generation]
        if not former:
            return Role.CANDIDATE, generation
        if not self.is_folded(self.pointer.state, now=now):
            return Role.CANDIDATE, former[-1]
        left_at = self.superseded_at(former[-1])
        if left_at is not None and now - left_at > kept:
            return None
        return Role.SUPERSEDED, former[-1]

    # -- who folds

    def beats(self, state: str) -> list[Seen]:
        """The newest beat of each worker of a state."""
        return [seen for seen in self.workers.values() if seen.beat.state == state]

    def attended(self, state: str) -> Mapping[Partition, Seen]:
        """The newest beat that told of each partition of a state."""
        return self._attended.get(state, {})

    def is_folded(self, state: str, *, now: datetime) -> bool:
        """Whether anybody folds a state."""
        return any(_is_fresh(seen, now) and not seen.beat.stopped for seen in self.beats(state))

    def others(self, state: str, *, now: datetime) -> dict[str, list[WorkerBeat]]:
        """The workers of the states beside this one."""
        found: dict[str, list[WorkerBeat]] = {}
        for seen in self.workers.values():
            if seen.beat.state != state and _is_fresh(seen, now):
                found.setdefault(seen.beat.state, []).append(seen.beat)
        return found

    def last_sign_of(self, state: str) -> datetime | None:
        """When a state was last served or folded, as far as anything tells."""
        left_at = self.superseded_at(state)
        signs = [left_at] if left_at else []
        signs += [seen.beat.at for seen in self.beats(state)]
        signs += [check.ended_at for check in self.checks.values() if (check.kept_in or "").endswith(f".{state}")]
        return max(signs, default=None)

    def discardable(self, states: Iterable[str], *, now: datetime, kept: timedelta) -> list[str]:
        """Those of the states that nobody serves or folds, and that have been left for longer than they are kept."""
        served = self.pointer.state if self.pointer else None
        return [
            state
            for state in states
            if state != served
            and not self.is_folded(state, now=now)
            and (last := self.last_sign_of(state)) is not None
            and now - last > kept
        ]

    def outdated_beats(self, *, now: datetime, kept: timedelta) -> list[bytes]:
        """The keys of beats of workers that are long gone."""
        return [key for key, seen in self.workers.items() if now - max(seen.beat.at, seen.seen_at) > kept]

    def _see(self, key: bytes, seen: Seen) -> None:
        self.workers[key] = seen
        of_state = self._attended.setdefault(seen.beat.state, {})
        for topic, numbers in seen.beat.partitions.items():
            of_state.update({(topic, number): seen for number in numbers})

    def _forget(self, key: bytes) -> None:
        gone = self.workers.pop(key, None)
        if gone is not None and not self.beats(gone.beat.state):
            self._attended.pop(gone.beat.state, None)

    def _point(self, pointer: Pointer) -> Pointer | None:
        if self.pointer is not None and pointer.number <= self.pointer.number:
            return None
        self.pointers.append(pointer)
        return pointer


def _is_fresh(seen: Seen, now: datetime) -> bool:
    return now - seen.seen_at <= SILENT_AFTER
