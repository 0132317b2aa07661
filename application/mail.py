"""Letters to travellers: what is written, the port that sends it, and those that came back."""

import datetime as dt
import logging
from collections.abc import Callable, Sequence
from typing import Literal, Protocol

import msgspec

from application import metrics, telemetry

Language = Literal["en", "ar"]

logger = logging.getLogger(__name__)


class Letter(msgspec.Struct, frozen=True):
    """The text of a letter. `id` is the same for every try, so that a mailbox keeps one.

    `kind` says what it is about, such as `booking-confirmed`; it names nobody. An adapter may add a
    page of HTML with the same words, in the direction of `language`.
    """

    id: str
    to: str
    subject: str
    text: str
    kind: str = "letter"
    language: Language = "en"


class LetterRefused(Exception):
    """The mail system refuses the letter for good, with this status (RFC 3463), such as 5.1.1."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status


class Bounce(msgspec.Struct, frozen=True):
    """A letter that did not reach its reader. Address and text are not kept.

    `status` is a code of RFC 3463, such as 5.1.1 for a mailbox that does not exist.
    """

    letter: str
    status: str
    at: dt.datetime


class Bounces(Protocol):
    """The letters that came back. All methods raise Unavailable."""

    async def record(self, bounces: Sequence[Bounce]) -> None:
        """Keep the first bounce of each letter."""
        ...

    async def newest(self, *, limit: int) -> Sequence[Bounce]:
        """Return the newest first."""
        ...


class Mailer(Protocol):
    """Sends letters; the same id twice must reach the reader once where that can be done."""

    async def send(self, letter: Letter) -> None:
        """Raises Unavailable when the mail system does not take it now, LetterRefused when it never
        will.
        """
        ...


class ReportedMailer:
    """A mailer whose letters are steps of traces and lines of the log, by their kind only.

    A letter that is refused for good is recorded as a bounce: sending it again would not help.
    """

    def __init__(self, mailer: Mailer, bounces: Bounces, *, now: Callable[[], dt.datetime]) -> None:
        self._mailer = mailer
        self._bounces = bounces
        self._now = now

    async def send(self, letter: Letter) -> None:
        """See Mailer; raises no LetterRefused."""
        with telemetry.span("letter", kind=letter.kind):
            try:
                await self._mailer.send(letter)
            except LetterRefused as refused:
                await self._bounces.record([Bounce(letter.id, refused.status, self._now())])
                metrics.LETTERS.add(letter.kind, "refused")
                logger.warning("letter refused: %s, status %s", letter.kind, refused.status)
                return
            except Exception:
                metrics.LETTERS.add(letter.kind, "failed")
                raise
        metrics.LETTERS.add(letter.kind, "sent")
        logger.info("letter sent: %s", letter.kind)
