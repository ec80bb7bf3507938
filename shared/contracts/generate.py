"""Writes what is generated from the contracts (`make docs`): frozen schemas, AsyncAPI document, event table."""

from pathlib import Path
from typing import Final

from shared.contracts import asyncapi
from shared.contracts.json_schema import as_text, freeze

HERE: Final = Path(__file__).parent
ASYNCAPI: Final = HERE / "asyncapi.json"
EVENT_TABLE: Final = HERE.parents[1] / "docs" / "events.md"


def generated() -> dict[Path, str]:
    """Path -> text of the generated documents that are committed, schemas aside."""
    return {ASYNCAPI: as_text(asyncapi.document()), EVENT_TABLE: asyncapi.event_table()}


def main() -> None:
    freeze()
    for path, text in generated().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
