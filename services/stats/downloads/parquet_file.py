"""Lines as Parquet, typed by column. Its library is loaded when first asked for: most processes never need it."""

from __future__ import annotations

import io
from typing import Any, Final

from services.stats.downloads.lines import Content, Table

MEDIA_TYPE: Final = "application/vnd.apache.parquet"


def written(table: Table, *, zone: str) -> bytes:
    """The file; moments are instants shown in the zone."""
    import pyarrow
    from pyarrow import parquet

    types: dict[Content, Any] = {
        Content.TEXT: pyarrow.string(),
        Content.WHOLE: pyarrow.int64(),
        Content.NUMBER: pyarrow.float64(),
        Content.MOMENT: pyarrow.timestamp("us", tz=zone),
        Content.DAY: pyarrow.date32(),
        Content.FLAG: pyarrow.bool_(),
    }
    schema = pyarrow.schema([(name, types[content]) for name, content in table.columns.items()])
    columns = list(zip(*table.lines, strict=True)) or [()] * len(table.columns)
    arrays = [pyarrow.array(cells, type=field.type) for cells, field in zip(columns, schema, strict=True)]
    file = io.BytesIO()
    parquet.write_table(pyarrow.Table.from_arrays(arrays, schema=schema), file, compression="zstd")
    return file.getvalue()
