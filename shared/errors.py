"""Broken rules that know their HTTP status; must not import a web framework or a driver."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Self


class DomainError(Exception):
    """A rule that was broken, said in one sentence for the caller."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "error"
    title: ClassVar[str] = "Error"
    headers: ClassVar[Mapping[str, str]] = {}

    def __init__(self, detail: str, **extra: object) -> None:
        super().__init__(detail)
        self.detail = detail
        self.extra = extra


class InvalidInput(DomainError):
    """The request is understood but what it says cannot be accepted."""

    status = 422
    code = "invalid-input"
    title = "The request contains something that cannot be accepted"

    @classmethod
    def of(cls, field: str, reason: str, **extra: object) -> Self:
        """The refusal of one field with its reason; `extra` joins the problem body, for example candidates."""
        return cls(f"{field}: {reason}", errors=[{"field": field, "reason": reason}], **extra)


class NotFound(DomainError):
    """What is asked for does not exist, or lies outside the caller's units: the two look alike."""

    status = 404
    code = "not-found"
    title = "Not found"


class TransitionNotAllowed(DomainError):
    """The state of the aggregate does not allow this step."""

    status = 409
    code = "transition-not-allowed"
    title = "The present state does not allow this step"


class ConcurrentChange(DomainError):
    """Somebody else changed the aggregate in between."""

    status = 409
    code = "concurrent-change"
    title = "Changed by somebody else in between"


class Unauthorised(DomainError):
    """The caller has not shown who they are."""

    status = 401
    code = "unauthorised"
    title = "A valid bearer token is required"
    headers: ClassVar[Mapping[str, str]] = {"www-authenticate": 'Bearer realm="commune-pulse"'}


class Forbidden(DomainError):
    """The caller's role does not include this action."""

    status = 403
    code = "forbidden"
    title = "The role does not include this action"


class BodyTooLarge(DomainError):
    """The request body is over the limit of this path."""

    status = 413
    code = "body-too-large"
    title = "The request body is too large"


class InvalidJson(DomainError):
    """The request body is not JSON."""

    status = 400
    code = "invalid-json"
    title = "The request body is not valid JSON"


class UnsupportedMediaType(DomainError):
    """The request body is of a kind that this path does not read."""

    status = 415
    code = "unsupported-media-type"
    title = "The request body is of a kind that this path does not read"


class IdempotencyKeyMissing(DomainError):
    """A write came without a usable Idempotency-Key header."""

    status = 400
    code = "idempotency-key-missing"
    title = "The header Idempotency-Key is required"


class IdempotencyKeyReused(DomainError):
    """The idempotency key was used before for another request."""

    status = 422
    code = "idempotency-key-reused"
    title = "The idempotency key belongs to another request"


class IdempotencyInProgress(DomainError):
    """The first request with this idempotency key is not finished."""

    status = 409
    code = "idempotency-in-progress"
    title = "A request with this idempotency key is in progress"
    headers: ClassVar[Mapping[str, str]] = {"retry-after": "1"}


class Unavailable(DomainError):
    """Something that is needed cannot be reached at the moment."""

    status = 503
    code = "unavailable"
    title = "Temporarily unavailable"
    headers: ClassVar[Mapping[str, str]] = {"retry-after": "5"}
