"""The words of letters about payments and extras; `letters.py` has the others."""

from collections.abc import Mapping
from typing import Literal

import msgspec

Language = Literal["en", "ar"]


class Words(msgspec.Struct, frozen=True):
    """Subject and text with placeholders for facts."""

    subject: str
    text: str


RESEATED: Mapping[Language, Words] = {
    "en": Words(
        "You fly after all: booking {reference}",
        "Dear {name},\n\nyour payment for booking {reference} came after the time for it had "
        "ended. The seats were still free, so you have them at the price that you booked:\n\n"
        "{flights}\n\nSeats:\n{seats}\n\nThe tickets follow in a message of their own.\n",
    ),
    "ar": Words(
        "ستسافرون رغم تأخر الدفع: الحجز {reference}",
        "عزيزنا {name}،\n\nوصل الدفع للحجز {reference} بعد انتهاء مهلته. كانت المقاعد لا تزال "
        "متاحة فأصبحت لك بالسعر الذي حجزت به:\n\n{flights}\n\nالمقاعد:\n{seats}\n\n"
        "تصلك التذاكر في رسالة مستقلة.\n",
    ),
}
RETURNED_MONEY: Mapping[Language, Words] = {
    "en": Words(
        "We return a payment: booking {reference}",
        "Dear {name},\n\nwe return {amount} that was paid for booking {reference}, because "
        "{reason}\n\nThe money goes back to the card that was used; banks may take some days "
        "to show it.\n",
    ),
    "ar": Words(
        "نعيد مبلغًا مدفوعًا: الحجز {reference}",
        "عزيزنا {name}،\n\nنعيد مبلغ {amount} المدفوع للحجز {reference}. السبب: {reason}\n\n"
        "يعود المبلغ إلى البطاقة المستخدمة، وقد يستغرق ظهوره لدى البنك بضعة أيام.\n",
    ),
}
REST: Mapping[Language, Words] = {
    "en": Words(
        "Please pay the rest: booking {reference}",
        "Dear {name},\n\nwe have received {received} for booking {reference}:\n\n{flights}\n\n"
        "{rest} is still due. Please pay the rest from your booking by {until} (UTC). "
        "Otherwise what you have paid goes back to you.\n",
    ),
    "ar": Words(
        "يرجى دفع الباقي: الحجز {reference}",
        "عزيزنا {name}،\n\nاستلمنا {received} للحجز {reference}:\n\n{flights}\n\n"
        "ولا يزال {rest} مستحقًا. يرجى "
        "دفع الباقي من صفحة حجزك قبل {until} (التوقيت العالمي)، وإلا أعدنا إليك ما دفعته.\n",
    ),
}
OFFER: Mapping[Language, Words] = {
    "en": Words(
        "Seats for your booking {reference}",
        "Dear {name},\n\nseats have come free for your booking {reference}:\n\n{flights}\n\n"
        "They are kept for you until {until} (UTC). Pay by then to have them.\n"
        "Price: {total}\n\n{conditions}\n",
    ),
    "ar": Words(
        "مقاعد متاحة لحجزك {reference}",
        "عزيزنا {name}،\n\nأصبحت مقاعد متاحة لحجزك {reference}:\n\n{flights}\n\n"
        "نحتفظ بها لك حتى {until} (التوقيت العالمي). يرجى الدفع قبل ذلك.\nالسعر: {total}\n\n"
        "{conditions}\n",
    ),
}
PAYMENT_LINK: Mapping[Language, Words] = {
    "en": Words(
        "You can pay now: booking {reference}",
        "Dear {name},\n\nthe payment for booking {reference} was delayed. You can pay now:"
        "\n\n{url}\n\n{flights}\n\nThe seats are kept for you until {until} (UTC).\n"
        "Amount: {amount}\n",
    ),
    "ar": Words(
        "يمكنك الدفع الآن: الحجز {reference}",
        "عزيزنا {name}،\n\nتأخر الدفع للحجز {reference}. يمكنك الدفع الآن:\n\n{url}\n\n"
        "{flights}\n\nنحتفظ بالمقاعد لك حتى {until} (التوقيت العالمي).\nالمبلغ: {amount}\n",
    ),
}
LAPSED: Mapping[Language, Words] = {
    "en": Words(
        "Booking {reference} could not be paid in time",
        "Dear {name},\n\nthe payment page of booking {reference} could not be opened in time. "
        "The booking has lapsed, and nothing was paid on that page. You are welcome to book "
        "again.\n",
    ),
    "ar": Words(
        "تعذّر دفع الحجز {reference} في الوقت المحدد",
        "عزيزنا {name}،\n\nتعذّر فتح صفحة الدفع للحجز {reference} في الوقت المحدد. انتهت صلاحية "
        "الحجز ولم يُدفع أي مبلغ عبر هذه الصفحة. يسعدنا أن تحجز من جديد.\n",
    ),
}
EXTRAS: Mapping[Language, Words] = {
    "en": Words(
        "Your extras, booking {reference}",
        "Dear {name},\n\nyou have paid {paid} for extras of your booking {reference}. The booking "
        "now has:\n\n{extras}\n\n{flights}\n\nSeats:\n{seats}\n\nRefund for what could not be "
        "given any more: {refund}\n",
    ),
    "ar": Words(
        "إضافاتك، الحجز {reference}",
        "عزيزنا {name}،\n\nدفعت {paid} مقابل إضافات لحجزك {reference}. يشمل الحجز الآن:\n\n{extras}"
        "\n\n{flights}\n\nالمقاعد:\n{seats}\n\nالمبلغ المسترد عما تعذّر توفيره: {refund}\n",
    ),
}
EXTRA_REFUND: Mapping[Language, Words] = {
    "en": Words(
        "An extra was returned, booking {reference}",
        "Dear {name},\n\nyou have returned an extra of your booking {reference}.\nFee: {fee}\n"
        "Refund: {refund}\n\nA refund goes back to the card that was used; banks may take some "
        "days to show it.\n",
    ),
    "ar": Words(
        "تم إرجاع إضافة، الحجز {reference}",
        "عزيزنا {name}،\n\nأرجعت إضافة من حجزك {reference}.\nالرسوم: {fee}\nالمبلغ المسترد: "
        "{refund}\n\nيعود المبلغ إلى البطاقة المستخدمة، وقد يستغرق ظهوره لدى البنك بضعة أيام.\n",
    ),
}
