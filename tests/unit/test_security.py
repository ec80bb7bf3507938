from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from shared.errors import Unauthorised, Unavailable
from shared.security import Authenticator, Principal, Role, issue_token
from shared.settings import Misconfigured, Settings
from shared.testing.tokens import TokenMint

CITY_OF = {"00070": "01", "00001": "01", "26734": "79"}


def authenticator(key_file: Path, **settings: Any) -> Authenticator:
    return Authenticator(Settings(jwt_public_key_file=key_file, **settings), city_of=CITY_OF.__getitem__)


@pytest.fixture
def mint(tmp_path: Path) -> TokenMint:
    return TokenMint(tmp_path)


def signed(mint: TokenMint, **changes: Any) -> str:
    claims = {
        "iss": "commune-pulse",
        "aud": "commune-pulse",
        "sub": "officer-7",
        "exp": datetime.now(UTC) + timedelta(minutes=5),
        "role": "commune_officer",
        "units": ["00070"],
    }
    claims = {name: value for name, value in {**claims, **changes}.items() if value is not None}
    return jwt.encode(claims, mint.private_pem, algorithm="EdDSA")


async def test_a_good_token_tells_who_where_and_as_what(mint: TokenMint) -> None:
    token = mint.token(Role.COMMUNE_OFFICER, "00070", subject="officer-7")

    caller = await authenticator(mint.public_key_file).authenticate(token)

    assert caller == Principal("officer-7", Role.COMMUNE_OFFICER, frozenset({"00070"}))


async def test_a_token_may_be_limited_to_streams_of_tips(mint: TokenMint) -> None:
    checks = authenticator(mint.public_key_file)
    limited = await checks.authenticate(mint.token(Role.COMMUNE_OFFICER, "00070", streams=["crime_report"]))
    free = await checks.authenticate(mint.token(Role.COMMUNE_OFFICER, "00070"))

    assert [limited.handles(stream) for stream in ("crime_report", "security_information", None)] == [True, False, True]
    assert [free.handles(stream) for stream in ("crime_report", "security_information", None)] == [True, True, True]


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "another"},
        {"aud": None},
        {"iss": "another"},
        {"iss": None},
        {"sub": None},
        {"exp": None},
        {"exp": datetime(2026, 1, 1, tzinfo=UTC)},
        {"role": None},
        {"role": "king"},
        {"streams": []},
        {"streams": "crime_report"},
        {"streams": [1]},
        {"units": None},
        {"units": []},
        {"units": "00070"},
        {"units": [70]},
    ],
)
async def test_a_token_that_lacks_or_twists_a_claim_is_refused(mint: TokenMint, changes: dict[str, Any]) -> None:
    token = signed(mint, **changes)

    with pytest.raises(Unauthorised):
        await authenticator(mint.public_key_file).authenticate(token)


async def test_a_token_of_another_key_is_refused(mint: TokenMint, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = TokenMint(tmp_path / "other")

    with pytest.raises(Unauthorised):
        await authenticator(mint.public_key_file).authenticate(other.token(Role.AUDITOR, "*"))


async def test_a_token_cannot_choose_its_algorithm(mint: TokenMint) -> None:
    claims = {"iss": "commune-pulse", "aud": "commune-pulse", "sub": "x", "exp": 4102444800, "role": "auditor"}
    unsigned = jwt.encode({**claims, "units": "*"}, key="", algorithm="none")
    by_public_key = jwt.encode({**claims, "units": "*"}, key="k" * 32, algorithm="HS256")

    for token in (unsigned, by_public_key, "nonsense", ""):
        with pytest.raises(Unauthorised):
            await authenticator(mint.public_key_file).authenticate(token)


async def test_only_configured_algorithms_are_accepted(mint: TokenMint) -> None:
    strict = authenticator(mint.public_key_file, jwt_algorithms=("RS256",))

    with pytest.raises(Unauthorised):
        await strict.authenticate(mint.token(Role.AUDITOR, "*"))


@pytest.mark.parametrize(
    "key",
    [
        ed25519.Ed25519PrivateKey.generate(),
        ec.generate_private_key(ec.SECP256R1()),
        rsa.generate_private_key(public_exponent=65537, key_size=2048),
    ],
    ids=["EdDSA", "ES256", "RS256"],
)
async def test_each_kind_of_key_signs_and_verifies(key: Any, tmp_path: Path) -> None:
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = tmp_path / "key.pem"
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))

    token = issue_token(private, Role.INTEGRATOR, ["01"], "mirror", timedelta(minutes=1))

    assert (await authenticator(public).authenticate(token)).role is Role.INTEGRATOR


async def test_keys_from_a_key_set_are_found_by_their_id(mint: TokenMint, monkeypatch: pytest.MonkeyPatch) -> None:
    public = jwt.get_algorithm_by_name("EdDSA").prepare_key(mint.public_key_file.read_bytes())
    jwk = jwt.get_algorithm_by_name("EdDSA").to_jwk(public, as_dict=True)
    key_set = {"keys": [{**jwk, "kid": "2026", "use": "sig", "alg": "EdDSA"}]}
    fetches = []

    def fetch(self: jwt.PyJWKClient) -> Any:
        fetches.append(self.uri)
        if self.jwk_set_cache is not None:
            self.jwk_set_cache.put(key_set)
        return key_set

    monkeypatch.setattr(jwt.PyJWKClient, "fetch_data", fetch)
    by_key_set = Authenticator(Settings(jwt_jwks_url="https://login.example/keys"))
    claims = {"iss": "commune-pulse", "aud": "commune-pulse", "sub": "x", "exp": 4102444800, "role": "auditor"}
    token = jwt.encode({**claims, "units": "*"}, mint.private_pem, algorithm="EdDSA", headers={"kid": "2026"})

    callers = [await by_key_set.authenticate(token) for _ in range(3)]

    assert all(caller.role is Role.AUDITOR for caller in callers)
    assert fetches == ["https://login.example/keys"]


async def test_an_unreachable_key_set_is_told_as_such(mint: TokenMint, monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(self: jwt.PyJWKClient) -> Any:
        raise jwt.PyJWKClientConnectionError("refused")

    monkeypatch.setattr(jwt.PyJWKClient, "fetch_data", fetch)
    by_key_set = Authenticator(Settings(jwt_jwks_url="https://login.example/keys"))

    with pytest.raises(Unavailable):
        await by_key_set.authenticate(signed(mint))


def test_a_service_without_any_key_does_not_start() -> None:
    with pytest.raises(Misconfigured, match="PULSE_JWT_PUBLIC_KEY_FILE"):
        Authenticator(Settings())


def test_a_file_without_a_public_key_is_told_as_such(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text("not a key")

    with pytest.raises(Misconfigured, match="holds no public key"):
        authenticator(tmp_path / "key.pem")


@pytest.mark.parametrize(
    ("units", "unit", "covered"),
    [
        ({"00070"}, "00070", True),
        ({"00070"}, "00001", False),
        ({"00070"}, "01", False),
        ({"01"}, "00070", True),
        ({"01"}, "01", True),
        ({"01"}, "26734", False),
        ({"01"}, "99999", False),
        ({"*"}, "26734", True),
        ({"*"}, "99999", True),
        ({"01", "26734"}, "26734", True),
    ],
)
def test_a_scope_covers_its_units_and_the_communes_of_its_cities(units: set[str], unit: str, covered: bool) -> None:
    caller = Principal("x", Role.CITY_OPERATOR, frozenset(units), CITY_OF.__getitem__)

    assert caller.covers(unit) is covered


def test_a_city_scope_covers_its_dissolved_communes_too() -> None:
    caller = Principal("x", Role.CITY_OPERATOR, frozenset({"01"}))

    assert caller.covers("00070")
    assert caller.covers("00001")
    assert not caller.covers("26734")
