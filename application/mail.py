"""Letters to travellers: what is written, and the port that sends it."""

from typing import Literal, Protocol

import msgspec

Language = Literal["en", "ar"]


class Letter(msgspec.Struct, frozen=True):
    """A plain-text letter. `id` is the same for every try, so that a mailbox keeps one."""

    id: str
    to: str
    subject: str
    text: str


class Mailer(Protocol):
    """Sends letters; the same id twice must reach the reader once where that can be done."""

    async def send(self, letter: Letter) -> None:
        """Raises Unavailable when the mail system does not take it now."""
        ...
