"""Requests that put facts right; owns what a left-out and an emptied field mean, no field of any service."""

from typing import Any, ClassVar, Self

from pydantic import model_validator

from shared.web import Request


class Fix(Request):
    """Facts to put right: what is left out stays as it is; only what may be empty can be emptied."""

    MAY_BE_EMPTIED: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("name at least one fact to put right")
        for name in sorted(self.model_fields_set - self.MAY_BE_EMPTIED):
            if getattr(self, name) is None:
                raise ValueError(f"{name} cannot be emptied")
        return self

    def facts(self) -> dict[str, Any]:
        """Only what was said."""
        return {name: getattr(self, name) for name in self.model_fields_set}
