"""The life of a community model: launched, recognised, replicated, discontinued; must not do I/O."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Final, Self

from shared.aggregate import Aggregate, in_order
from shared.contracts.awards import (
    CommunityModelChange,
    CommunityModelDiscontinued,
    CommunityModelEvent,
    CommunityModelFacts,
    CommunityModelLaunched,
    CommunityModelRecognised,
    CommunityModelReplicated,
    ModelNature,
)


class CommunityModelStatus(StrEnum):
    """How far a model has spread."""

    LAUNCHED = "launched"
    RECOGNISED = "recognised"
    REPLICATED = "replicated"
    DISCONTINUED = "discontinued"


TRANSITIONS: Final[Mapping[CommunityModelStatus, frozenset[CommunityModelStatus]]] = {
    CommunityModelStatus.LAUNCHED: frozenset({
        CommunityModelStatus.RECOGNISED, CommunityModelStatus.DISCONTINUED,
    }),
    CommunityModelStatus.RECOGNISED: frozenset({
        CommunityModelStatus.REPLICATED, CommunityModelStatus.DISCONTINUED,
    }),
    CommunityModelStatus.REPLICATED: frozenset({CommunityModelStatus.DISCONTINUED}),
    CommunityModelStatus.DISCONTINUED: frozenset(),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class CommunityModel(Aggregate):
    """One way of working that residents and police set up together."""

    NOUN: ClassVar = "community model"
    TRANSITIONS: ClassVar = TRANSITIONS
    CHANGE: ClassVar = CommunityModelChange

    status: CommunityModelStatus
    nature: ModelNature
    title: str | None
    launched_at: datetime
    recognised_at: datetime | None = None
    replicated_at: datetime | None = None
    discontinued_at: datetime | None = None

    @classmethod
    def launch(
        cls, *, id: str, unit: str, nature: ModelNature, title: str | None, launched_at: datetime
    ) -> tuple[Self, tuple[CommunityModelEvent, ...]]:
        """A model set up in one unit."""
        model = cls(
            id=id,
            unit=unit,
            status=CommunityModelStatus.LAUNCHED,
            nature=nature,
            title=title,
            launched_at=launched_at,
        )
        return model, (model._tell(CommunityModelLaunched, was=None, at=launched_at),)

    def recognise(self, *, at: datetime) -> tuple[Self, tuple[CommunityModelEvent, ...]]:
        """The ministry recognised it. Raises: TransitionNotAllowed unless it is just launched."""
        recognised = self._become(CommunityModelStatus.RECOGNISED, recognised_at=at)
        recognised._check_order()
        return recognised, (recognised._tell(CommunityModelRecognised, was=self, at=at),)

    def replicate(self, *, at: datetime) -> tuple[Self, tuple[CommunityModelEvent, ...]]:
        """It is taken up nationwide. Raises: TransitionNotAllowed unless it is recognised."""
        replicated = self._become(CommunityModelStatus.REPLICATED, replicated_at=at)
        replicated._check_order()
        return replicated, (replicated._tell(CommunityModelReplicated, was=self, at=at),)

    def discontinue(self, *, at: datetime) -> tuple[Self, tuple[CommunityModelEvent, ...]]:
        """It is kept up no longer. Raises: TransitionNotAllowed once discontinued."""
        ended = self._become(CommunityModelStatus.DISCONTINUED, discontinued_at=at)
        ended._check_order()
        return ended, (ended._tell(CommunityModelDiscontinued, was=self, at=at),)

    @property
    def occurred_at(self) -> datetime:
        return self.launched_at

    def facts(self) -> CommunityModelFacts:
        """What figures need of it."""
        return CommunityModelFacts(
            nature=self.nature,
            launched_at=self.launched_at,
            recognised_at=self.recognised_at,
            replicated_at=self.replicated_at,
            discontinued_at=self.discontinued_at,
        )

    def _check_order(self) -> None:
        in_order(
            launched_at=self.launched_at,
            recognised_at=self.recognised_at,
            replicated_at=self.replicated_at,
            discontinued_at=self.discontinued_at,
        )
