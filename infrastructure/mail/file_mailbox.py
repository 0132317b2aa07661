"""A mailbox that is a folder: one `.eml` file per letter, named by the letter's id.

For the demo and for tests. A letter that is sent again replaces its file, so that it is there once.
"""

import asyncio
import datetime as dt
import email
import email.header
import email.message
import email.policy
import os
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path

from application import mail, ports

# RFC 5322, 2.1.1: characters of a line, without its end.
LINE_LIMIT = 998


class FileMailbox:
    """`application.mail.Mailer` that writes RFC 5322 files."""

    def __init__(self, folder: Path, *, sender: str) -> None:
        self._folder = folder
        self._sender = sender

    async def send(self, letter: mail.Letter) -> None:
        """Write the letter; raises Unavailable when the folder cannot be written."""
        try:
            await asyncio.to_thread(self._write, f"{letter.id}.eml", self._message(letter))
        except OSError as error:
            raise ports.Unavailable("mailbox") from error

    async def remove_letters_to(self, addresses: Sequence[str]) -> int:
        """Remove the letters to these addresses; returns how many. Raises Unavailable.

        Every file is read: a mailbox of the demo has some thousands.
        """
        wanted = {_normalised(each) for each in addresses}
        return await self._remove(lambda path: _normalised(_recipient(path)) in wanted)

    async def remove_letters_before(self, instant: dt.datetime) -> int:
        """Remove letters that were sent before; returns how many. Raises Unavailable."""
        return await self._remove(lambda path: path.stat().st_mtime < instant.timestamp())

    async def _remove(self, is_chosen: Callable[[Path], bool]) -> int:
        def remove() -> int:
            chosen = [each for each in self._folder.glob("*.eml") if is_chosen(each)]
            for each in chosen:
                each.unlink(missing_ok=True)
            return len(chosen)

        try:
            return await asyncio.to_thread(remove)
        except OSError as error:
            raise ports.Unavailable("mailbox") from error

    def _message(self, letter: mail.Letter) -> bytes:
        """Return the letter as RFC 5322 has it; the library would parse each header first.

        Parsing took a tenth of all processor time of a sale.
        """
        text = letter.text.encode()
        if not self._is_plain(letter) or max(map(len, text.split(b"\n"))) > LINE_LIMIT:
            return self._by_library(letter)
        subject = letter.subject
        if not subject.isascii():
            subject = email.header.Header(subject, "utf-8").encode(linesep="\r\n")
        head = (
            f"Message-ID: <{letter.id}@mail.invalid>\r\n"
            f"From: {self._sender}\r\n"
            f"To: {letter.to}\r\n"
            f"Subject: {subject}\r\n"
            "MIME-Version: 1.0\r\n"
            'Content-Type: text/plain; charset="utf-8"\r\n'
            "Content-Transfer-Encoding: 8bit\r\n\r\n"
        )
        return head.encode("ascii") + text.replace(b"\n", b"\r\n")

    def _is_plain(self, letter: mail.Letter) -> bool:
        """Whether no header has more than one line, and the addresses are ASCII."""
        head = f"{letter.id}{self._sender}{letter.to}"
        return head.isascii() and f"{head}{letter.subject}".isprintable()

    def _by_library(self, letter: mail.Letter) -> bytes:
        """Return a letter with an address of any script (RFC 6532), or with longer lines."""
        message = email.message.EmailMessage(policy=email.policy.SMTPUTF8)
        message["Message-ID"] = f"<{letter.id}@mail.invalid>"
        message["From"] = self._sender
        message["To"] = letter.to
        message["Subject"] = letter.subject
        message.set_content(letter.text)
        return message.as_bytes()

    def _write(self, name: str, content: bytes) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = self._folder / f".{name}.{os.getpid()}"
        unfinished.write_bytes(content)
        unfinished.replace(self._folder / name)


def _recipient(path: Path) -> str:
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.SMTPUTF8)
    return str(message["To"] or "")


def _normalised(address: str) -> str:
    return unicodedata.normalize("NFC", address.strip()).lower()
