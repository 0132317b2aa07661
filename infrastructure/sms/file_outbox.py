"""A folder in place of a provider: one file of JSON for each text message, for the demo.

Of the number only the end is written, so that no file has to go when a traveller is erased.
"""

import asyncio
import datetime as dt
import os
from pathlib import Path

import msgspec

from application import ports
from application.text_messages import TextMessage, segments

SHOWN_DIGITS = 2


class FileTextOutbox:
    """`application.text_messages.TextMessenger`; a message that comes again replaces its file."""

    def __init__(self, folder: Path, *, sender: str) -> None:
        self._folder = folder
        self._sender = sender

    async def send(self, message: TextMessage) -> None:
        """Write the message; raises Unavailable when the folder cannot be written."""
        content = {
            "id": message.id,
            "from": self._sender,
            "to": f"…{message.to[-SHOWN_DIGITS:]}",
            "text": message.text,
            "segments": segments(message.text),
        }
        try:
            await asyncio.to_thread(self._write, f"{message.id}.json", msgspec.json.encode(content))
        except OSError as error:
            raise ports.Unavailable("text messages") from error

    async def remove_before(self, instant: dt.datetime) -> int:
        """Remove files that were written before, also those that a crash left unfinished; returns
        how many. Raises Unavailable.
        """

        def remove() -> int:
            found = [*self._folder.glob("*.json"), *self._folder.glob(".*.json.*")]
            return sum(_remove_if_before(each, instant) for each in found)

        try:
            return await asyncio.to_thread(remove)
        except OSError as error:
            raise ports.Unavailable("text messages") from error

    def _write(self, name: str, content: bytes) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = self._folder / f".{name}.{os.getpid()}"
        unfinished.write_bytes(content)
        unfinished.replace(self._folder / name)


def _remove_if_before(file: Path, instant: dt.datetime) -> bool:
    """Return whether it was removed; another process may be removing files, too."""
    try:
        if file.stat().st_mtime >= instant.timestamp():
            return False
        file.unlink()
    except FileNotFoundError:
        return False
    return True
