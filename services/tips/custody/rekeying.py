"""Seals data keys anew after a key or a unit changed; the pieces themselves stay closed and as they are."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from services.tips.custody.envelope import Holder, Kind, Recipient, key_id_of, resealed
from services.tips.custody.keys import PrivateKeys
from services.tips.custody.vault import Scope, Vault


@dataclass(slots=True)
class Rekeyed:
    """What a run did."""

    resealed: int = 0
    out_of_reach: int = 0
    """Pieces sealed to another key than they should be, which no key at hand opens."""


async def rekey(
    vault: Vault,
    keys: PrivateKeys,
    holder: Holder,
    kinds: Iterable[Kind],
    to: Callable[[str], Awaitable[Recipient | None]],
    *,
    tip: str | None = None,
) -> Rekeyed:
    """Seal every data key of this holder to the key that it should be sealed to; safe to repeat and to interrupt.

    Shape: `to` tells for a tip's id whom its pieces are for now; None leaves them as they are. With `tip` only its
    pieces are looked at.
    """
    done = Rekeyed()
    for kind in kinds:
        async for envelope in vault.all_of(kind, tip=tip):
            sealed, recipient = envelope.sealed_to(holder), await to(envelope.piece.tip)
            if sealed is None or recipient is None or sealed.key_id == key_id_of(recipient.key):
                continue
            erasure_key = await vault.erasure_key(envelope.piece.tip, Scope.of(kind))
            if sealed.key_id not in keys or erasure_key is None:
                done.out_of_reach += 1
                continue
            anew = resealed(envelope, keys.find(sealed.key_id), recipient, erasure_key=erasure_key)
            done.resealed += await vault.reseal(envelope, anew, holder)
    return done
