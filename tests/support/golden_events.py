"""The golden samples: the stored bytes of each event tag, kept in one file per tag.

    python -m tests.support.golden_events            # writes the files that are missing
    python -m tests.support.golden_events --replace  # also rewrites and removes others

`full` has all optional fields; `minimal`, in the files of events with optional fields, has none.
Each value is canonical, byte for byte. Once events are stored anywhere, a file changes only
together with an upcast: `--replace` is for tags that no log holds yet.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from application.commands import stream_kinds
from domain.kernel.events import DomainEvent
from infrastructure.event_store import codec
from tests.support import event_samples

FOLDER = Path(__file__).resolve().parents[1] / "contract" / "golden_events"

_read = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Written(msgspec.Struct):
    """Tags whose files were written, differ from the builder's samples, or belong to no event."""

    new: list[str]
    differing: list[str]
    left_over: list[str]


def expected_forms(event_type: type[DomainEvent]) -> dict[str, DomainEvent]:
    """The samples that the file of an event type has to hold, as the builder makes them."""
    samples = event_samples.samples(event_type)
    is_optional = any(not field.required for field in msgspec.structs.fields(event_type))
    return {"full": samples[0], "minimal": samples[-1]} if is_optional else {"full": samples[0]}


def read(path: Path) -> dict[str, bytes]:
    """The stored bytes by form, exactly as the file has them."""
    return {form: bytes(raw) for form, raw in _read.decode(path.read_bytes()).items()}


def path_of(tag: str, folder: Path = FOLDER) -> Path:
    """The file of a tag."""
    return folder / f"{tag}.json"


def content_of(event_type: type[DomainEvent]) -> bytes:
    """The file of an event type as the builder would make it: one line for each form."""
    forms = [
        f'"{form}": '.encode() + codec.encode(sample)
        for form, sample in expected_forms(event_type).items()
    ]
    return b"{\n" + b",\n".join(forms) + b"\n}\n"


def write(folder: Path = FOLDER, *, replace: bool = False) -> Written:
    """Write the missing files; rewrite those that differ and remove others only with `replace`."""
    folder.mkdir(exist_ok=True)
    written = Written([], [], [])
    for tag, event_type in sorted(stream_kinds.EVENT_TYPES.items()):
        path, content = path_of(tag, folder), content_of(event_type)
        exists = path.exists()
        if exists and path.read_bytes() == content:
            continue
        (written.differing if exists else written.new).append(tag)
        if replace or not exists:
            path.write_bytes(content)
    for path in sorted(folder.iterdir()):
        if path.name.removesuffix(".json") not in stream_kinds.EVENT_TYPES:
            written.left_over.append(path.name)
            if replace:
                path.unlink()
    return written


def main(arguments: Sequence[str]) -> int:
    """Write the files and report; 1 when files differ or are left over and were not replaced."""
    parser = argparse.ArgumentParser(prog="golden_events", description="Write golden samples.")
    parser.add_argument("--replace", action="store_true", help="rewrite and remove existing files")
    replace = parser.parse_args(arguments).replace
    written = write(replace=replace)
    sys.stdout.write(
        f"new: {', '.join(written.new) or 'none'}\n"
        f"differing: {', '.join(written.differing) or 'none'}\n"
        f"left over: {', '.join(written.left_over) or 'none'}\n"
    )
    return int(bool(written.differing or written.left_over) and not replace)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
