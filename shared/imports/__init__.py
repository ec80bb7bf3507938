"""Bulk import: many records at once, each judged by itself, safe to send again; knows no kind of record.

A batch is `{"records": [{"type": …, "key": …, …}, …]}`. `key` is the client's own name of the record; with its type it
decides the id of what the record becomes. Records of one unit are one transaction, and one bad record loses no other.
"""

from shared.imports.intake import Arrival, Intake, TakeIn, Taken
from shared.imports.receiving import Imports
from shared.imports.records import MAX_BODY_BYTES, Key, Record, import_id
from shared.imports.router import IMPORT_LIMITS, import_router

__all__ = [
    "IMPORT_LIMITS",
    "MAX_BODY_BYTES",
    "Arrival",
    "Imports",
    "Intake",
    "Key",
    "Record",
    "TakeIn",
    "Taken",
    "import_id",
    "import_router",
]
