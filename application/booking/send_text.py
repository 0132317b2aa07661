"""Send a text message to the telephone of a booking, where it has a number.

The number is opened here, at the last moment, and is given to the messenger only.
"""

import msgspec

from application import ports
from application.booking import people, texts
from application.booking.letter_drafts import Draft, DraftReader
from application.commands.bus import CommandBus
from application.mail import Language
from application.text_messages import TextMessage, TextMessenger, international
from domain.inventory.state import FlightStatus
from domain.kernel import ids


class TextSender:
    """Sends text messages; one that is sent again has the same id. Without a messenger, none."""

    def __init__(
        self,
        *,
        bus: CommandBus,
        vault: ports.Vault,
        messenger: TextMessenger | None,
        airline: str,
    ) -> None:
        self._drafts = DraftReader(bus=bus, vault=vault)
        self._messenger = messenger
        self._airline = airline

    async def send(self, task: texts.BookingText) -> None:
        """Send the message; raises Unavailable and TextRefused.

        Do nothing where the letter would not be sent either, where the traveller's data was erased,
        and where the booking has no number with its country.
        """
        if self._messenger is None:
            return
        draft = await self._drafts.read(task.letter())
        message = None if draft is None else self._written(task, draft)
        if message is not None:
            await self._messenger.send(message)

    def _written(self, task: texts.BookingText, draft: Draft) -> TextMessage | None:
        contact_text, *_ = draft.opened
        flight = draft.ahead.get(texts.segment_of(task.about))
        if contact_text is None or flight is None:
            return None
        contact = msgspec.json.decode(contact_text, type=people.Contact)
        number = None if contact.phone is None else international(contact.phone)
        if number is None:
            return None
        words = _words(task, is_cancelled=flight.status is FlightStatus.CANCELLED)
        day, _, time = people.local_time(flight.departs_at, flight.origin_zone).partition(" ")
        reference = ids.reference_of(task.booking_id)
        language: Language = contact.locale
        kind = task.topic.partition(".")[2].replace("_", "-")
        return TextMessage(
            id="-".join(("sms", kind, reference, task.about)),
            to=number,
            text=words[language].format(
                airline=self._airline,
                flight=flight.number,
                route=f"{flight.origin}-{flight.destination}",
                day=day,
                time=time,
                reference=reference,
            ),
            kind=kind,
            language=language,
        )


def _words(task: texts.BookingText, *, is_cancelled: bool) -> texts.Words:
    if isinstance(task, texts.ReminderText):
        return texts.REMINDER
    return texts.CANCELLED if is_cancelled else texts.MOVED
