"""Letters to passengers: the background task of each and its words in both languages.

The facts of a letter come from its booking; amounts are in minor units, as they were decided.
"""

import datetime as dt
from collections.abc import Mapping
from typing import ClassVar

from application import ports
from application.booking import letter_words

Language = letter_words.Language
Words = letter_words.Words


class BookingLetter(ports.BackgroundTask, frozen=True):
    """The root of all letters; `about` distinguishes letters of one kind about one booking."""

    booking_id: str
    about: str = ""


class ConfirmationLetter(BookingLetter, frozen=True):
    """The booking is confirmed, with its tickets."""

    topic: ClassVar[str] = "mail.booking_confirmed"


class ModificationLetter(BookingLetter, frozen=True):
    """The booking has new flights and tickets; `about` is the number of the modification."""

    topic: ClassVar[str] = "mail.change_completed"


class ExtrasLetter(BookingLetter, frozen=True, kw_only=True):
    """Extras are sold; `about` is the number of the order. What was `paid` for it and what of that
    comes back for extras that could not be given, in minor units.
    """

    topic: ClassVar[str] = "mail.extras_sold"

    paid: int
    refund: int


class ExtraRefundLetter(BookingLetter, frozen=True, kw_only=True):
    """An extra was returned; `about` is its document. Fee and refund in minor units."""

    topic: ClassVar[str] = "mail.extra_refunded"

    fee: int
    refund: int


class CancellationLetter(BookingLetter, frozen=True, kw_only=True):
    """The booking or a part of it is cancelled; `about` counts its final coupons."""

    topic: ClassVar[str] = "mail.booking_cancelled"

    fee: int
    refund: int


class DisruptionLetter(BookingLetter, frozen=True, kw_only=True):
    """A flight is cancelled or rescheduled, with the choices; `about` identifies the disruption."""

    topic: ClassVar[str] = "mail.disruption"

    reason: str


def disruption_about(segment: int, kind: str, departs_at: dt.datetime) -> str:
    """Return what identifies a disruption: another change of the flight is another one."""
    return f"{segment}-{kind}-{departs_at:%Y%m%dT%H%M}"


class DisruptionReminder(BookingLetter, frozen=True):
    """A cancelled or moved flight awaits an answer; `about` identifies the reminder."""

    topic: ClassVar[str] = "mail.disruption_reminder"


class OfferLetter(BookingLetter, frozen=True):
    """Seats are held for a booking from the waitlist until its deadline."""

    topic: ClassVar[str] = "mail.seats_offered"


class DivisionLetter(BookingLetter, frozen=True, kw_only=True):
    """Passengers have a booking of their own now, divided off the booking `source`."""

    topic: ClassVar[str] = "mail.booking_divided"

    source: str


class SeatLetter(BookingLetter, frozen=True, kw_only=True):
    """Passengers have other seats than before; `refund` is what comes back for paid ones that they
    lost, in minor units, and `about` the moment.
    """

    topic: ClassVar[str] = "mail.seats_changed"

    refund: int


class ClaimLetter(BookingLetter, frozen=True, kw_only=True):
    """Passengers are offered compensation for a flight; `about` is its departure and the amount,
    which is in minor units of a currency of the law, not always of the booking.
    """

    topic: ClassVar[str] = "mail.compensation_offered"

    amount: int
    currency: str


class CreditLetter(BookingLetter, frozen=True, kw_only=True):
    """The owner has travel credit, in minor units, until the day `until`; `about` is its id."""

    topic: ClassVar[str] = "mail.credit_issued"

    amount: int
    currency: str
    until: dt.date


class ReseatedLetter(BookingLetter, frozen=True):
    """Money came after the hold, and the booking has its seats again; `about` is the intent."""

    topic: ClassVar[str] = "mail.seats_kept_after_all"


class ReturnedMoneyLetter(BookingLetter, frozen=True, kw_only=True):
    """Money that the booking could not take goes back; `about` is the intent.

    `reason` is a `domain.payment.captures.ParkReason`; the amount is in minor units.
    """

    topic: ClassVar[str] = "mail.payment_returned"

    amount: int
    currency: str
    reason: str


class RestLetter(BookingLetter, frozen=True, kw_only=True):
    """A part of the price has come, and the rest is due until the deadline; `about` is the intent.

    Amounts in minor units.
    """

    topic: ClassVar[str] = "mail.rest_due"

    received: int
    rest: int
    currency: str


class PaymentLinkLetter(BookingLetter, frozen=True, kw_only=True):
    """A payment page is open that Stripe could not open at once; `about` is the attempt, `amount`
    what it collects in minor units.
    """

    topic: ClassVar[str] = "mail.payment_link"

    url: str
    amount: int
    currency: str


class LapsedLetter(BookingLetter, frozen=True):
    """The booking lapsed before Stripe opened its payment page, whose link was promised."""

    topic: ClassVar[str] = "mail.payment_lapsed"


def cancellation_letter(
    booking_id: str, *, final: int, refund: int, fee: int = 0
) -> CancellationLetter:
    """Return the letter about what was cancelled, after which so many coupons are `final`."""
    return CancellationLetter(booking_id=booking_id, about=str(final), fee=fee, refund=refund)


def seat_letter(booking_id: str, *, refund: int, now: dt.datetime) -> SeatLetter:
    """Return the letter about seats that changed now."""
    return SeatLetter(booking_id=booking_id, about=f"{now:%Y%m%dT%H%M%S%f}", refund=refund)


# What a letter about a cancelled part says about the rest, and how a list of flights marks one that
# the airline cancelled.
REMAINING: Mapping[Language, str] = {
    "en": "\nYou still fly:\n\n{flights}\n\nTickets:\n{tickets}\n",
    "ar": "\nرحلاتك المتبقية:\n\n{flights}\n\nالتذاكر:\n{tickets}\n",
}
CANCELLED: Mapping[Language, str] = {"en": "cancelled", "ar": "ملغاة"}


LETTERS: Mapping[type[BookingLetter], Mapping[Language, Words]] = {
    ConfirmationLetter: {
        "en": Words(
            "Your booking {reference} is confirmed",
            "Dear {name},\n\nyour booking {reference} is confirmed.\n\n{flights}\n\n"
            "Paid: {total}\n\nTickets:\n{tickets}\n\n{conditions}\n",
        ),
        "ar": Words(
            "تم تأكيد حجزك {reference}",
            "عزيزنا {name}،\n\nتم تأكيد حجزك {reference}.\n\n{flights}\n\n"
            "المبلغ المدفوع: {total}\n\nالتذاكر:\n{tickets}\n\n{conditions}\n",
        ),
    },
    ModificationLetter: {
        "en": Words(
            "Your booking {reference} has been changed",
            "Dear {name},\n\nyour booking {reference} has been changed. You now fly:\n\n"
            "{flights}\n\nTickets:\n{tickets}\n\n{conditions}\n",
        ),
        "ar": Words(
            "تم تعديل حجزك {reference}",
            "عزيزنا {name}،\n\nتم تعديل حجزك {reference}. رحلاتك الآن:\n\n"
            "{flights}\n\nالتذاكر:\n{tickets}\n\n{conditions}\n",
        ),
    },
    ExtrasLetter: letter_words.EXTRAS,
    ExtraRefundLetter: letter_words.EXTRA_REFUND,
    CancellationLetter: {
        "en": Words(
            "Cancellation in your booking {reference}",
            "Dear {name},\n\nflights of your booking {reference} have been cancelled.\n"
            "Fee: {fee}\nRefund: {refund}\n\nA refund goes back to the card that was used; banks "
            "may take some days to show it.\n{remaining}",
        ),
        "ar": Words(
            "إلغاء في حجزك {reference}",
            "عزيزنا {name}،\n\nتم إلغاء رحلات في حجزك {reference}.\n"
            "الرسوم: {fee}\nالمبلغ المسترد: {refund}\n\nيعود المبلغ إلى البطاقة المستخدمة، وقد "
            "يستغرق ظهوره لدى البنك بضعة أيام.\n{remaining}",
        ),
    },
    DisruptionLetter: {
        "en": Words(
            "A change to your flight, booking {reference}",
            "Dear {name},\n\nwe are sorry: we had to change a flight of your booking {reference}. "
            "Reason: {reason}.\n\n{flights}\n\nWhere the change is substantial you may stay with "
            "the flight if it still goes, move to another flight of the route free of charge, or "
            "have all of your money back. Please choose in your booking.\n",
        ),
        "ar": Words(
            "تغيير في رحلتك، الحجز {reference}",
            "عزيزنا {name}،\n\nنعتذر عن تغيير رحلة في حجزك {reference}. السبب: {reason}.\n\n"
            "{flights}\n\nإذا كان التغيير جوهريًا فيمكنك البقاء على الرحلة إن كانت قائمة، أو "
            "الانتقال إلى رحلة أخرى على الخط نفسه دون رسوم، أو استرداد كامل المبلغ. "
            "يرجى الاختيار من صفحة حجزك.\n",
        ),
    },
    DisruptionReminder: {
        "en": Words(
            "Please choose: your flight has changed, booking {reference}",
            "Dear {name},\n\nwe cancelled or moved a flight of your booking {reference}, and have "
            "no answer from you yet.\n\n{flights}\n\nPlease choose in your booking: to stay with a "
            "flight that still goes, another flight of the route free of charge, or all of your "
            "money back. You can check in once you have chosen. Without an answer we refund what "
            "you cannot fly.\n",
        ),
        "ar": Words(
            "يرجى الاختيار: تغيّرت رحلتك، الحجز {reference}",
            "عزيزنا {name}،\n\nتم إلغاء رحلة في حجزك {reference} أو تغيير موعدها ولم يصلنا ردك بعد."
            "\n\n{flights}\n\n"
            "يرجى الاختيار من صفحة حجزك: البقاء على الرحلة إن كانت قائمة، أو رحلة أخرى على الخط "
            "نفسه دون رسوم، أو استرداد كامل المبلغ. يمكنكم إنهاء إجراءات السفر بعد الاختيار. "
            "وإن لم يصلنا رد فسنعيد قيمة ما لا يمكنكم السفر عليه.\n",
        ),
    },
    DivisionLetter: {
        "en": Words(
            "A booking of their own: {reference}, divided from {source}",
            "Dear {name},\n\nbooking {source} has been divided. These passengers now have booking "
            "{reference}:\n\n{tickets}\n\n{flights}\n\nTheir tickets and seats stay as they were. "
            "Everybody else stays in booking {source}. What happens to one of the bookings does "
            "not change the other.\n",
        ),
        "ar": Words(
            "حجز مستقل: {reference}، مفصول عن {source}",
            "عزيزنا {name}،\n\nتم تقسيم الحجز {source}. أصبح للمسافرين التالين الحجز "
            "{reference}:\n\n{tickets}\n\n{flights}\n\nتبقى تذاكرهم ومقاعدهم كما هي، ويبقى "
            "بقية المسافرين في الحجز {source}. ولا يؤثر ما يطرأ على أحد الحجزين في الآخر.\n",
        ),
    },
    SeatLetter: {
        "en": Words(
            "Your seats have changed, booking {reference}",
            "Dear {name},\n\nwe are sorry: we had to change seats of your booking {reference}. "
            "Your seats are now:\n\n{seats}\n\nWithout a number, a seat is assigned at check-in "
            "or at the gate.\nRefund for paid seats that we could not replace: {refund}\n",
        ),
        "ar": Words(
            "تغيّرت مقاعدكم، الحجز {reference}",
            "عزيزنا {name}،\n\nنعتذر عن تغيير مقاعد في حجزك {reference}. مقاعدكم الآن:"
            "\n\n{seats}\n\nيُحدَّد المقعد الذي لا رقم له عند إنهاء إجراءات السفر أو عند البوابة.\n"
            "المبلغ المسترد عن مقاعد مدفوعة تعذّر تعويضها: {refund}\n",
        ),
    },
    ClaimLetter: {
        "en": Words(
            "Compensation for your flight, booking {reference}",
            "Dear {name},\n\nwe are sorry about your flight of booking {reference}. You are "
            "entitled to compensation: {amount}.\n\nTo have it paid, open your booking and name "
            "the bank account that it is to go to.\n",
        ),
        "ar": Words(
            "تعويض عن رحلتك، الحجز {reference}",
            "عزيزنا {name}،\n\nنعتذر عما حدث في رحلتك ضمن الحجز {reference}. يحق لك تعويض قدره "
            "{amount}.\n\nلاستلامه افتح صفحة حجزك وحدد الحساب البنكي الذي يُحوَّل إليه.\n",
        ),
    },
    CreditLetter: {
        "en": Words(
            "Travel credit from your booking {reference}",
            "Dear {name},\n\nyou have travel credit of {amount} from your booking {reference}. "
            "It pays for any of our flights until {until}; you find it in your account.\n",
        ),
        "ar": Words(
            "رصيد سفر من حجزك {reference}",
            "عزيزنا {name}،\n\nلديك رصيد سفر قدره {amount} من حجزك {reference}. يمكنك استخدامه "
            "لأي من رحلاتنا، كليًا أو جزئيًا، حتى {until}، وتجده في حسابك.\n",
        ),
    },
    ReseatedLetter: letter_words.RESEATED,
    ReturnedMoneyLetter: letter_words.RETURNED_MONEY,
    RestLetter: letter_words.REST,
    OfferLetter: letter_words.OFFER,
    PaymentLinkLetter: letter_words.PAYMENT_LINK,
    LapsedLetter: letter_words.LAPSED,
}
