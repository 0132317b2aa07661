"""Text messages to the passengers of a booking: the background task of each, and its words.

Each accompanies a letter, is sent where the letter would be, and only to a telephone number that
the booking has. Words are short: `application/text_messages.py` says what a segment has room for.
"""

from collections.abc import Mapping
from typing import ClassVar

from application import ports
from application.booking import letters
from application.mail import Language


class BookingText(ports.BackgroundTask, frozen=True):
    """The root of all text messages; `about` as in the letter that it accompanies."""

    booking_id: str
    about: str

    def letter(self) -> letters.BookingLetter:
        """Return the letter that decides whether the message is needed still."""
        raise NotImplementedError


class DisruptionText(BookingText, frozen=True):
    """A flight is cancelled or has other times."""

    topic: ClassVar[str] = "sms.disruption"

    def letter(self) -> letters.BookingLetter:
        """Return the letter about the disruption."""
        return letters.DisruptionLetter(booking_id=self.booking_id, about=self.about, reason="")


class ReminderText(BookingText, frozen=True):
    """A cancelled or moved flight awaits an answer."""

    topic: ClassVar[str] = "sms.disruption_reminder"

    def letter(self) -> letters.BookingLetter:
        """Return the letter that reminds."""
        return letters.DisruptionReminder(booking_id=self.booking_id, about=self.about)


def segment_of(about: str) -> int:
    """Return the first segment that a disruption or a reminder is about."""
    return int(about.partition("-")[0])


# By what has become of the flight: it does not go, or it goes at the time that is named.
Words = Mapping[Language, str]
CANCELLED: Words = {
    "en": "{airline}: flight {flight} {route} on {day} is cancelled. Please choose another flight "
    "or your money back in booking {reference}.",
    "ar": "{airline}: ألغيت رحلتك {flight} {route} يوم {day}. اختر رحلة أخرى أو استرداد المبلغ من "
    "حجزك {reference}.",
}
MOVED: Words = {
    "en": "{airline}: flight {flight} {route} now departs {day} at {time} local time. Your "
    "choices are in booking {reference}.",
    "ar": "{airline}: موعد رحلتك {flight} {route} الآن {day} الساعة {time} بالتوقيت المحلي. "
    "خياراتك في حجزك {reference}.",
}
REMINDER: Words = {
    "en": "{airline}: please choose what to do about flight {flight} {route} of {day} in booking "
    "{reference}. Without an answer we refund what you cannot fly.",
    "ar": "{airline}: يرجى الاختيار بشأن رحلتك {flight} {route} يوم {day} من حجزك {reference}. "
    "وإلا أعدنا قيمة ما لا يمكنك السفر عليه.",
}

TEXTS: tuple[type[BookingText], ...] = (DisruptionText, ReminderText)
