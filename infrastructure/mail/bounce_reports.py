"""Reads the reports of letters that came back (RFC 3464) from a folder.

The folder is a Maildir: the mailbox of the sender's address, as the mail system of the operator
delivers into it. Reports contain addresses, so that each file is removed once it is recorded.
"""

import asyncio
import email
import email.message
import email.policy
import mailbox
import re
from collections.abc import Sequence
from pathlib import Path

from application import ports
from application.mail import Bounce
from application.ports import Clock

FILE_LIMIT = 500
SIZE_LIMIT = 1_000_000
_letter = re.compile(r"<([A-Za-z0-9_-]{1,120})@")
_is_letter = re.compile(r"[A-Za-z0-9_-]{1,120}").fullmatch
_is_failure = re.compile(r"5\.\d{1,3}\.\d{1,3}").fullmatch


class BounceFolder:
    """The reports of a Maildir."""

    def __init__(self, folder: Path, *, now: Clock) -> None:
        self._folder = folder
        self._now = now

    async def read(self) -> tuple[Sequence[Bounce], Sequence[str]]:
        """Return the bounces of the first FILE_LIMIT files, and the keys of all those files.

        Files that are no report of a failure are among the keys, too. Raises Unavailable.
        """
        try:
            return await asyncio.to_thread(self._read)
        except (OSError, mailbox.Error) as error:
            raise ports.Unavailable("bounces") from error

    async def remove(self, keys: Sequence[str]) -> None:
        """Remove the files; raises Unavailable."""

        def remove() -> None:
            box = self._open()
            for key in keys:
                box.discard(key)

        try:
            await asyncio.to_thread(remove)
        except (OSError, mailbox.Error) as error:
            raise ports.Unavailable("bounces") from error

    def _read(self) -> tuple[list[Bounce], list[str]]:
        box = self._open()
        keys = sorted(box.keys())[:FILE_LIMIT]
        found = [self._bounce(box.get_bytes(key)[:SIZE_LIMIT]) for key in keys]
        return [each for each in found if each is not None], keys

    def _open(self) -> mailbox.Maildir:
        return mailbox.Maildir(self._folder, create=False)

    def _bounce(self, content: bytes) -> Bounce | None:
        found = failure_of(content)
        return None if found is None else Bounce(*found, self._now())


def failure_of(content: bytes) -> tuple[str, str] | None:
    """Return the letter and status of a report of final failure; None of anything else.

    Anybody may send such a report: it is a hint, of which nothing but these two codes is kept.
    """
    message = email.message_from_bytes(content, policy=email.policy.default)
    parts = list(message.walk())
    status = next((each for each in map(_status, parts) if each), None)
    letter = next((each for each in map(_envelope, parts) if each), None)
    letter = letter or next((each for each in map(_original, parts) if each), None)
    return None if status is None or letter is None else (letter, status)


def _status(part: email.message.Message) -> str | None:
    if str(part.get("Action", "")).strip().lower() != "failed":
        return None
    status = str(part.get("Status", "")).strip()
    return status if _is_failure(status) else None


def _envelope(part: email.message.Message) -> str | None:
    """Return the letter that the report names, where the mail system knows RFC 3461."""
    found = str(part.get("Original-Envelope-Id", "")).strip()
    return found if _is_letter(found) else None


def _original(part: email.message.Message) -> str | None:
    """Return the letter whose headers are in the report."""
    if part.get_content_type() == "text/rfc822-headers":
        payload = part.get_payload(decode=True)
        head: email.message.Message = email.message_from_bytes(
            payload if isinstance(payload, bytes) else b""
        )
    elif part.get_content_type() == "message/rfc822":
        inside = part.get_payload()
        if not isinstance(inside, list) or not isinstance(inside[0], email.message.Message):
            return None
        head = inside[0]
    else:
        return None
    found = _letter.search(str(head.get("Message-ID", "")))
    return found[1] if found else None
