"""Letters to travellers: what is written, and the port that sends it."""

import logging
from typing import Literal, Protocol

import msgspec

from application import metrics, telemetry

Language = Literal["en", "ar"]

logger = logging.getLogger(__name__)


class Letter(msgspec.Struct, frozen=True):
    """A plain-text letter. `id` is the same for every try, so that a mailbox keeps one.

    `kind` says what it is about, such as `booking-confirmed`; it names nobody.
    """

    id: str
    to: str
    subject: str
    text: str
    kind: str = "letter"


class Mailer(Protocol):
    """Sends letters; the same id twice must reach the reader once where that can be done."""

    async def send(self, letter: Letter) -> None:
        """Raises Unavailable when the mail system does not take it now."""
        ...


class ReportedMailer:
    """A mailer whose letters are steps of traces and lines of the log, by their kind only."""

    def __init__(self, mailer: Mailer) -> None:
        self._mailer = mailer

    async def send(self, letter: Letter) -> None:
        """See Mailer."""
        with telemetry.span("letter", kind=letter.kind):
            try:
                await self._mailer.send(letter)
            except Exception:
                metrics.LETTERS.add(letter.kind, "failed")
                raise
        metrics.LETTERS.add(letter.kind, "sent")
        logger.info("letter sent: %s", letter.kind)
