"""Writes pages of rows into one Parquet file, for DuckDB, Spark and the like."""

import importlib.util
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from application.ledger.export_books import Row

INSTALL = "Parquet needs the extra: install the package with [parquet]"


class ParquetMissing(Exception):
    """The extra `parquet` is not installed."""


def require_parquet() -> None:
    """Raise ParquetMissing where pyarrow is not installed."""
    if importlib.util.find_spec("pyarrow") is None:
        raise ParquetMissing(INSTALL)


async def write(path: Path, pages: AsyncIterator[Sequence[Row]]) -> int:
    """Write the rows page by page; returns how many. Raises ParquetMissing and OSError."""
    require_parquet()
    import pyarrow as arrow
    from pyarrow import parquet

    text = arrow.string()
    schema = arrow.schema(
        [
            ("effective_on", arrow.date32()),
            ("recorded_at", arrow.timestamp("us", tz="UTC")),
            ("position", arrow.int64()),
            ("line", arrow.int32()),
            ("event", text),
            ("stream", text),
            ("rule", text),
            ("references", text),
            ("booking", text),
            ("account", text),
            ("account_name", text),
            ("currency", text),
            ("amount", arrow.int64()),
            ("decimal", text),
        ]
    )
    assert tuple(schema.names) == Row.__struct_fields__
    count = 0
    with parquet.ParquetWriter(path, schema) as writer:
        async for rows in pages:
            columns = {name: [getattr(row, name) for row in rows] for name in schema.names}
            writer.write_table(arrow.table(columns, schema=schema))
            count += len(rows)
    return count
