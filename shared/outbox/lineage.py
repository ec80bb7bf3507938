"""The id of a database's event sequences; owns when it is made and when it must change.

A restored backup gives positions anew that consumers have applied already. Stop the service, renew the lineage, delete
the service's topics and start it again: all is published as a new history, and nothing is dropped as a duplicate.

    python -m shared.outbox.lineage pulse_tips
"""

import asyncio
from contextlib import suppress
from typing import Annotated

import typer

from shared.ids import new_id
from shared.outbox.names import ENTRIES, LINEAGE
from shared.outbox.packing import pack, unpack
from shared.settings import Settings
from shared.store.client import DuplicateKey, Store


async def lineage_of(store: Store) -> str:
    """The lineage of this database, made on first use."""
    lineages = store.collection(LINEAGE)
    with suppress(DuplicateKey):  # another replica of the service was first
        await lineages.update_one({"_id": "lineage"}, {"$setOnInsert": {"lineage": new_id()}}, upsert=True)
    document = await lineages.find_one({"_id": "lineage"})
    if document is None:
        raise RuntimeError(f"The lineage of {store.name} was removed while it was read.")
    return str(document["lineage"])


async def renew_lineage(store: Store) -> str:
    """A new lineage, in all records of the journal as well. Nothing may commit or relay meanwhile."""
    new = new_id()
    old_text, new_text = (f'"lineage":"{lineage}"'.encode() for lineage in (await lineage_of(store), new))
    entries = store.collection(ENTRIES)
    async for entry in entries.find({}, {"lines": 1}):
        records = [record.replace(old_text, new_text) for record in unpack(entry["lines"])]
        await entries.update_one({"_id": entry["_id"]}, {"$set": {"lines": pack(records)}})
    await store.collection(LINEAGE).update_one({"_id": "lineage"}, {"$set": {"lineage": new}})
    return new


def renew(database: Annotated[str, typer.Argument(help="For example pulse_tips.")]) -> None:
    """Give a restored database a new lineage."""
    store = Store.open(Settings.load().mongodb_uri.get_secret_value(), database)
    typer.echo(f"{database} has the lineage {asyncio.run(renew_lineage(store))}.")


if __name__ == "__main__":
    typer.run(renew)
