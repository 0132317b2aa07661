"""What is written to travellers, in both languages: confirmed, changed, cancelled, disturbed.

Rule: a letter's words stand here, its facts come from the booking; amounts as they were decided.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

Language = Literal["en", "ar"]

CONFIRMED = "mail.booking_confirmed"
CHANGED = "mail.change_completed"
CANCELLED = "mail.booking_cancelled"
DISRUPTED = "mail.disruption"
OFFERED = "mail.seats_offered"


class Words(msgspec.Struct, frozen=True):
    """Subject and text with places for facts."""

    subject: str
    text: str


LETTERS: Mapping[str, Mapping[Language, Words]] = {
    CONFIRMED: {
        "en": Words(
            "Your booking {reference} is confirmed",
            "Dear {name},\n\nyour booking {reference} is confirmed.\n\n{flights}\n\n"
            "Paid: {total}\n\nTickets:\n{tickets}\n",
        ),
        "ar": Words(
            "تم تأكيد حجزك {reference}",
            "عزيزنا {name}،\n\nتم تأكيد حجزك {reference}.\n\n{flights}\n\n"
            "المبلغ المدفوع: {total}\n\nالتذاكر:\n{tickets}\n",
        ),
    },
    CHANGED: {
        "en": Words(
            "Your booking {reference} has been changed",
            "Dear {name},\n\nyour booking {reference} has been changed. You now fly:\n\n"
            "{flights}\n\nTickets:\n{tickets}\n",
        ),
        "ar": Words(
            "تم تعديل حجزك {reference}",
            "عزيزنا {name}،\n\nتم تعديل حجزك {reference}. رحلاتك الآن:\n\n"
            "{flights}\n\nالتذاكر:\n{tickets}\n",
        ),
    },
    CANCELLED: {
        "en": Words(
            "Cancellation in your booking {reference}",
            "Dear {name},\n\nwhat you asked for in booking {reference} has been cancelled.\n"
            "Fee: {fee}\nRefund: {refund}\n\nA refund goes back to the card that was used; banks "
            "may take some days to show it.\n",
        ),
        "ar": Words(
            "إلغاء في حجزك {reference}",
            "عزيزنا {name}،\n\nتم تنفيذ الإلغاء المطلوب في الحجز {reference}.\n"
            "الرسوم: {fee}\nالمبلغ المسترد: {refund}\n\nيعود المبلغ إلى البطاقة المستخدمة، وقد "
            "يستغرق ظهوره لدى البنك بضعة أيام.\n",
        ),
    },
    DISRUPTED: {
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
    OFFERED: {
        "en": Words(
            "Seats for your booking {reference}",
            "Dear {name},\n\nseats have come free for your booking {reference}:\n\n{flights}\n\n"
            "They are kept for you until {until} (UTC). Pay by then to have them.\n"
            "Price: {total}\n",
        ),
        "ar": Words(
            "مقاعد متاحة لحجزك {reference}",
            "عزيزنا {name}،\n\nأصبحت مقاعد متاحة لحجزك {reference}:\n\n{flights}\n\n"
            "نحتفظ بها لك حتى {until} (التوقيت العالمي). يرجى الدفع قبل ذلك.\nالسعر: {total}\n",
        ),
    },
}
