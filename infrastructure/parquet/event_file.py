"""Events of the log in one Parquet file, for DuckDB, Spark and our own replay.

`payload` is the stored bytes: in DuckDB `decode(payload)::JSON`. Personal data in it is sealed.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infrastructure.parquet.row_file import require_parquet

if TYPE_CHECKING:
    import pyarrow as arrow

# Position, stream, version, tag, recorded at (microseconds since 1970, UTC), actor, command id,
# correlation id, causation id, payload.
EventRow = tuple[int, str, int, str, int, str, str, str, str | None, bytes]
COLUMNS = (
    *("position", "stream", "version", "tag", "recorded_at"),
    *("actor", "command_id", "correlation_id", "causation_id", "payload"),
)
GROUP_ROWS = 50_000


class UnreadableFile(Exception):
    """A file is not Parquet, has other columns or ends early."""


def write(path: Path, pages: Iterable[Sequence[EventRow]]) -> None:
    """Write events page by page; raises ParquetMissing and OSError."""
    require_parquet()
    import pyarrow as arrow
    from pyarrow import parquet

    schema = _schema()
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for rows in pages:
            columns = zip(*rows, strict=True)
            arrays = [
                arrow.array(column, type=field.type)
                for column, field in zip(columns, schema, strict=True)
            ]
            writer.write_table(arrow.Table.from_arrays(arrays, schema=schema))


def read(path: Path) -> Iterator[list[EventRow]]:
    """Yield the events page by page; raises ParquetMissing, UnreadableFile and OSError."""
    import pyarrow as arrow

    for batch in _batches(path, COLUMNS):
        at = batch.schema.get_field_index("recorded_at")
        whole = batch.set_column(at, "recorded_at", batch.column(at).cast(arrow.int64()))
        columns: list[Any] = [whole.column(name).to_pylist() for name in COLUMNS]
        yield list(zip(*columns, strict=True))


def payloads(path: Path, without: Collection[str]) -> Iterator[tuple[int, list[tuple[str, bytes]]]]:
    """Yield for each page how many events it has, and tag and payload of those of other tags.

    Raises ParquetMissing, UnreadableFile and OSError.
    """
    import pyarrow as arrow
    from pyarrow import compute

    left_out = arrow.array(sorted(without), type=arrow.string())
    for batch in _batches(path, ("tag", "payload")):
        chosen = batch.filter(
            compute.invert(compute.is_in(batch.column("tag"), value_set=left_out))
        )
        tags, found = chosen.column("tag").to_pylist(), chosen.column("payload").to_pylist()
        yield batch.num_rows, list(zip(tags, found, strict=True))


def _schema() -> "arrow.Schema":
    import pyarrow as arrow

    text = arrow.string()
    types = (
        *(arrow.int64(), text, arrow.int32(), text, arrow.timestamp("us", tz="UTC")),
        *(text, text, text, text, arrow.binary()),
    )
    return arrow.schema(
        [
            arrow.field(name, kind, nullable=name == "causation_id")
            for name, kind in zip(COLUMNS, types, strict=True)
        ]
    )


def _batches(path: Path, columns: Sequence[str]) -> Iterator["arrow.RecordBatch"]:
    require_parquet()
    import pyarrow as arrow
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            if not file.schema_arrow.equals(_schema()):
                raise UnreadableFile("it has other columns than an archive")
            yield from file.iter_batches(batch_size=GROUP_ROWS, columns=list(columns))
    except arrow.ArrowException as error:
        raise UnreadableFile(f"it is no whole Parquet file: {error}") from None
