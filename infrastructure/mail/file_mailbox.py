"""A mailbox that is a folder: one `.eml` file per letter, named by the letter's id.

For the demo and for tests. A letter that is sent again replaces its file, so that it is there once.
"""

import asyncio
import email.message
import email.policy
import os
from pathlib import Path

from application import mail, ports


class FileMailbox:
    """`application.mail.Mailer` that writes RFC 5322 files."""

    def __init__(self, folder: Path, *, sender: str) -> None:
        self._folder = folder
        self._sender = sender

    async def send(self, letter: mail.Letter) -> None:
        """Write the letter; raises Unavailable when the folder cannot be written."""
        message = email.message.EmailMessage(policy=email.policy.SMTPUTF8)
        message["Message-ID"] = f"<{letter.id}@mail.invalid>"
        message["From"] = self._sender
        message["To"] = letter.to
        message["Subject"] = letter.subject
        message.set_content(letter.text)
        try:
            await asyncio.to_thread(self._write, f"{letter.id}.eml", message.as_bytes())
        except OSError as error:
            raise ports.Unavailable("mailbox") from error

    def _write(self, name: str, content: bytes) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = self._folder / f".{name}.{os.getpid()}"
        unfinished.write_bytes(content)
        unfinished.replace(self._folder / name)
