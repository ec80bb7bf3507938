"""Who the caller is and where they may act; owns tokens, roles and scopes, knows no aggregate and no store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import jwt
from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from shared.errors import Forbidden, Unauthorised, Unavailable
from shared.places import places
from shared.settings import Misconfigured, Settings

EVERYWHERE: Final = "*"
_REQUIRED_CLAIMS: Final = ("exp", "iss", "aud", "sub")
_CLOCK_SKEW_S: Final = 30  # what unsynchronised but healthy servers differ by at most
_JWKS_CACHE_S: Final = 600  # a revoked signing key is refused within ten minutes
_READING: Final = frozenset({"GET", "HEAD"})


class Role(StrEnum):
    """What a caller is; what a role may do is written at each route."""

    COMMUNE_OFFICER = "commune_officer"
    TEAM_LEADER = "team_leader"
    CITY_OPERATOR = "city_operator"
    INTEGRATOR = "integrator"
    AUDITOR = "auditor"
    CUSTODIAN = "custodian"
    ADMINISTRATOR = "administrator"


CityOf = Callable[[str], str]
"""Today's city of any unit, old or new. Raises: LookupError for a code that never was one."""


def _city_of(unit: str) -> str:
    return places().city_of(unit)


@dataclass(frozen=True, slots=True)
class Principal:
    """An authenticated caller with the units, and the streams of tips, that they may see.

    Shape: units are commune codes, city codes (which cover all their communes, old and new) or "*"; streams are the
    names of streams, or None where no stream is out of reach.
    """

    subject: str
    role: Role
    units: frozenset[str]
    city_of: CityOf = field(default=_city_of, repr=False, compare=False)
    streams: frozenset[str] | None = None

    @property
    def everywhere(self) -> bool:
        """True if no unit is out of reach."""
        return EVERYWHERE in self.units

    def covers(self, unit: str) -> bool:
        """True if the caller may see and act in this unit."""
        if self.everywhere or unit in self.units:
            return True
        try:
            return self.city_of(unit) in self.units
        except LookupError:
            return False

    def handles(self, stream: str | None) -> bool:
        """True if the caller may see and handle what is of this stream; what is of none is everybody's."""
        return stream is None or self.streams is None or stream in self.streams


LOCAL_READER: Final = Principal("local-reader", Role.CITY_OPERATOR, frozenset({EVERYWHERE}))


class Authenticator:
    """Turns bearer tokens into principals with the configured public key or key set.

    Raises: Misconfigured without a usable key, unless anonymous local readers are all there is to admit.
    """

    def __init__(self, settings: Settings, *, local_reader: bool = False, city_of: CityOf = _city_of) -> None:
        self._settings = settings
        self._city_of = city_of
        self._public_key: Any = None
        self._key_set: jwt.PyJWKClient | None = None
        self.local_reader = local_reader
        if settings.jwt_public_key_file is not None:
            self._public_key = _read_public_key(settings.jwt_public_key_file)
        elif settings.jwt_jwks_url is not None:
            self._key_set = jwt.PyJWKClient(settings.jwt_jwks_url, lifespan=_JWKS_CACHE_S, timeout=5)
        elif not local_reader:
            raise Misconfigured(
                "Set PULSE_JWT_PUBLIC_KEY_FILE or PULSE_JWT_JWKS_URL: tokens cannot be checked without."
            )

    async def authenticate(self, token: str) -> Principal:
        """The caller this token speaks for. Raises: Unauthorised, Unavailable if the key set cannot be fetched."""
        try:
            claims = jwt.decode(
                token,
                key=await self._key_for(token),
                algorithms=list(self._settings.jwt_algorithms),
                audience=self._settings.jwt_audience,
                issuer=self._settings.jwt_issuer,
                leeway=_CLOCK_SKEW_S,
                options={"require": list(_REQUIRED_CLAIMS)},
            )
        except jwt.PyJWKClientConnectionError as error:
            raise Unavailable("The signing keys cannot be fetched at the moment.") from error
        except jwt.ExpiredSignatureError as error:
            raise Unauthorised("The token has expired.") from error
        except (jwt.PyJWTError, InvalidKey, TypeError, ValueError) as error:
            raise Unauthorised("The token is not valid here.") from error
        return self._principal(claims)

    async def _key_for(self, token: str) -> Any:
        if self._key_set is None:
            if self._public_key is None:
                raise Unauthorised("This set-up accepts no tokens.")
            return self._public_key
        # PyJWKClient fetches synchronously; a thread keeps the event loop free.
        return await asyncio.to_thread(self._key_set.get_signing_key_from_jwt, token)

    def _principal(self, claims: dict[str, Any]) -> Principal:
        units = claims.get("units")
        if units == EVERYWHERE:
            units = [EVERYWHERE]
        try:
            role = Role(str(claims.get("role")))
        except ValueError:
            raise Unauthorised("The token names no role known here.") from None
        if not isinstance(units, list) or not units or not all(isinstance(unit, str) for unit in units):
            raise Unauthorised("The token names no units.")
        return Principal(str(claims["sub"]), role, frozenset(units), self._city_of, _streams(claims))


def _streams(claims: dict[str, Any]) -> frozenset[str] | None:
    if "streams" not in claims:
        return None
    streams = claims["streams"]
    if not isinstance(streams, list) or not streams or not all(isinstance(stream, str) for stream in streams):
        raise Unauthorised("The token limits its holder to no stream at all.")
    return frozenset(streams)


_BEARER = HTTPBearer(auto_error=False, bearerFormat="JWT", scheme_name="bearer")


def require(*roles: Role, local_reader: bool = False) -> Any:
    """The dependency that gives the Principal, who must have one of the roles (none named: any role).

    Shape:  `caller: Annotated[Principal, require(Role.AUDITOR)]`.
    Raises: Unauthorised, Forbidden.

    With `local_reader`, a reading request without a token passes as a city operator where the set-up allows it.
    """
    admitted = frozenset(roles) or frozenset(Role)

    async def principal(
        request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]
    ) -> Principal:
        authenticator: Authenticator = request.app.state.authenticator
        if credentials is None:
            if local_reader and authenticator.local_reader and request.method in _READING:
                return LOCAL_READER
            raise Unauthorised("Send a token in the header Authorization: Bearer.")
        caller = await authenticator.authenticate(credentials.credentials)
        if caller.role not in admitted:
            raise Forbidden(f"This needs the role {' or '.join(sorted(admitted))}.")
        return caller

    return Depends(principal)


def issue_token(
    private_key_pem: bytes | str,
    role: Role,
    units: Sequence[str],
    subject: str,
    ttl: timedelta,
    *,
    streams: Sequence[str] | None = None,
    issuer: str = "commune-pulse",
    audience: str = "commune-pulse",
) -> str:
    """A signed token for the local set-up and for tests; the algorithm follows the kind of key. None: both streams."""
    raw = private_key_pem.encode() if isinstance(private_key_pem, str) else private_key_pem
    key = load_pem_private_key(raw, password=None)
    now = datetime.now(UTC)
    claims = {
        "iss": issuer,
        "aud": audience,
        "sub": subject,
        "iat": now,
        "exp": now + ttl,
        "role": role.value,
        "units": list(units),
    } | ({} if streams is None else {"streams": list(streams)})
    return jwt.encode(claims, key, algorithm=_algorithm_of(key))  # type: ignore[arg-type]


def _read_public_key(path: Path) -> PublicKeyTypes:
    try:
        return load_pem_public_key(path.read_bytes())
    except (OSError, ValueError):
        raise Misconfigured(f"PULSE_JWT_PUBLIC_KEY_FILE: {path} holds no public key in PEM form.") from None


def _algorithm_of(key: object) -> str:
    if isinstance(key, Ed25519PrivateKey):
        return "EdDSA"
    if isinstance(key, EllipticCurvePrivateKey):
        return "ES256"
    if isinstance(key, RSAPrivateKey):
        return "RS256"
    raise ValueError(f"tokens cannot be signed with a {type(key).__name__}")
