"""Text messages to travellers' telephones: the port that sends them, and what they cost.

An operator charges for each segment (3GPP TS 23.038 and 23.040): 160 characters of the GSM alphabet
or 70 of UCS-2, and a little less where several segments are joined.
"""

import logging
import re
from typing import Literal, Protocol

import msgspec

from application import ports, telemetry
from application.mail import Language

# 3GPP TS 23.038, 6.2.1; what is in the extension table takes two places.
_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_EXTENSION = frozenset("^{}\\[~]|€")
GSM_SINGLE, GSM_JOINED = 160, 153
UCS2_SINGLE, UCS2_JOINED = 70, 67

# E.164: at most 15 digits, which begin with those of a country.
_international = re.compile(r"\+[1-9][0-9]{6,14}").fullmatch

Claim = Literal["claimed", "sent", "under_way"]

logger = logging.getLogger(__name__)


class TextMessage(msgspec.Struct, frozen=True):
    """A message to a number of the form +966500000000. `id` is the same for every try.

    `kind` says what it is about, such as `disruption`; it names nobody.
    """

    id: str
    to: str
    text: str
    kind: str
    language: Language

    def __repr__(self) -> str:
        """Return the kind only: number and text belong to a traveller."""
        return f"TextMessage({self.kind})"


class TextRefused(ports.TaskRefused):
    """The provider refuses the message for good, such as for its number, with this HTTP status."""

    def __init__(self, status: int) -> None:
        super().__init__(f"status {status}")
        self.status = status


class TextMessenger(Protocol):
    """Sends messages; the same id twice must reach the telephone once."""

    async def send(self, message: TextMessage) -> None:
        """Raises Unavailable when the provider does not take it now, TextRefused when it never
        will.
        """
        ...


class SentTexts(Protocol):
    """Which messages were handed over, by their ids. All methods raise Unavailable."""

    async def claim(self, message_id: str) -> Claim:
        """Return whether this try may send; `under_way` while another one does, for a minute."""
        ...

    async def release(self, message_id: str) -> None:
        """Let another try send at once."""
        ...

    async def record(self, message_id: str, *, segments: int) -> None:
        """The provider has it."""
        ...


class RecordedMessenger:
    """Sends a message that was not sent yet; a line of the log has its kind and segments only."""

    def __init__(self, messenger: TextMessenger, sent: SentTexts) -> None:
        self._messenger = messenger
        self._sent = sent

    async def send(self, message: TextMessage) -> None:
        """See TextMessenger; nothing is sent where the provider has the message already."""
        claim = await self._sent.claim(message.id)
        if claim == "sent":
            return
        if claim == "under_way":
            raise ports.Unavailable("text message")
        with telemetry.span("text_message", kind=message.kind):
            try:
                await self._messenger.send(message)
            except TextRefused as refused:
                await self._sent.release(message.id)
                logger.warning("text message refused: %s, %s", message.kind, refused)
                raise
            except ports.Unavailable:
                await self._sent.release(message.id)
                raise
        count = segments(message.text)
        await self._sent.record(message.id, segments=count)
        logger.info("text message sent: %s, segments: %d", message.kind, count)


def segments(text: str) -> int:
    """Return how many segments an operator charges for."""
    if all(each in _GSM or each in _GSM_EXTENSION for each in text):
        places = len(text) + sum(each in _GSM_EXTENSION for each in text)
        single, joined = GSM_SINGLE, GSM_JOINED
    else:
        places = len(text.encode("utf-16-be")) // 2
        single, joined = UCS2_SINGLE, UCS2_JOINED
    return 1 if places <= single else -(-places // joined)


def international(number: str) -> str | None:
    """Return a number as +966500000000; None where its country is not part of it.

    A zero in brackets, as in +966 (0)50, is dialled within the country only.
    """
    digits = re.sub(r"[ ().-]", "", number.replace("(0)", ""))
    if digits.startswith("00"):
        digits = f"+{digits[2:]}"
    return digits if _international(digits) else None
