"""The words of the return page in both languages, and how it writes a day and a time.

Rule: nothing says that no money was taken while Stripe may still report a payment.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Literal

import msgspec
from msgspec.structs import replace

from application.booking.read_payment_outcome import PaymentStep, UnusedMoney
from application.caller import Language

# What the page says where the outcome is not known: the payment is being recorded, the traveller
# left the checkout, or the booking cannot be read now.
Case = PaymentStep | Literal["recording", "not_paid", "busy"]


class Words(msgspec.Struct, frozen=True):
    """The texts of one language; `cases` are a heading and a sentence each."""

    booking: str
    total: str
    cancelled: str
    local_times: str
    pay_until: str
    changes_by_itself: str
    takes_longer: str
    look_again: str
    back: str
    comma: str
    weekdays: tuple[str, ...]
    months: tuple[str, ...]
    unused_money: Mapping[UnusedMoney, str]
    cases: Mapping[Case, tuple[str, str]]

    def day(self, instant: dt.datetime) -> str:
        """Return the day of a local time, such as `Thu 24 Dec 2026`."""
        weekday, month = self.weekdays[instant.weekday()], self.months[instant.month - 1]
        return f"{weekday} {instant.day} {month} {instant.year}"

    def day_and_time(self, instant: dt.datetime) -> str:
        """Return a local time with its day, such as `Thu 24 Dec 2026, 08:30`."""
        return f"{self.day(instant)}{self.comma} {instant:%H:%M}"


WORDS: Mapping[Language, Words] = {
    "en": Words(
        booking="Booking",
        total="Total",
        cancelled="cancelled",
        local_times="All times are local times of the airports.",
        pay_until="You can still pay until {until} (local time of {airport}): open your booking "
        "and choose payment again.",
        changes_by_itself="This page changes by itself.",
        takes_longer="This takes longer than usual. Nothing is lost; please do not pay again. We "
        "write to you by e-mail as soon as it is done.",
        look_again="Look again",
        back="Back to the app",
        comma=",",
        weekdays=("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
        months=(
            *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
            *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
        ),
        unused_money={
            UnusedMoney.NONE: "",
            UnusedMoney.KEPT: "We have received money that does not fit this booking. If it can "
            "still pay for your seats it does; otherwise it goes back to you by itself. We write "
            "to you.",
            UnusedMoney.RETURNING: "Money that did not fit this booking is on its way back. Banks "
            "may take some days to show it.",
            UnusedMoney.RETURNED: "Money that did not fit this booking has been returned.",
        },
        cases={
            PaymentStep.CONFIRMED: (
                "Your booking is confirmed",
                "Thank you. The tickets come by e-mail.",
            ),
            PaymentStep.PAID: (
                "Your payment is recorded",
                "Thank you. The tickets are being issued and come by e-mail.",
            ),
            "recording": (
                "Your payment is being processed",
                "Thank you. We wait for the answer of your bank; please do not pay again. The "
                "tickets come by e-mail.",
            ),
            PaymentStep.PROCESSING: (
                "Your payment is being processed",
                "Thank you. Your bank may take some days to answer; your seats stay held until "
                "then. Please do not pay again. We write to you by e-mail as soon as it is done.",
            ),
            "not_paid": ("Not paid yet", "No payment has been recorded."),
            PaymentStep.DECLINED: (
                "The payment was declined",
                "Your bank has declined the payment. Please use another card or ask your bank.",
            ),
            PaymentStep.FAILED: (
                "The payment has failed",
                "The payment was not completed, and no money was taken.",
            ),
            PaymentStep.PART: (
                "A part has been paid",
                "We have received a part of the amount due. The rest can be paid from the booking, "
                "or at the link that its payer was sent; otherwise what was paid goes back.",
            ),
            PaymentStep.LAPSED: (
                "The time to pay is over",
                "No payment was recorded in time, and the seats are no longer held. Please make a "
                "new booking. If your bank shows a payment, contact us with this reference: money "
                "that comes too late is returned.",
            ),
            PaymentStep.UNUSED: (
                "This booking is not confirmed",
                "Your payment came too late, is not the amount due, or the rest was not paid in "
                "time. Please make no other payment and no new booking before it is settled, which "
                "takes a minute or two.",
            ),
            PaymentStep.UNCHANGED: (
                "Your booking is unchanged",
                "The change was not paid. Your booking stays confirmed as it was.",
            ),
            PaymentStep.ENDED: (
                "This booking has ended",
                "It was cancelled or refunded. What is due to you goes back to the card that was "
                "used, as our letter says.",
            ),
            PaymentStep.NOT_SHOWN: (
                "Your booking",
                "For your privacy this page shows a booking for one day after its payment only. "
                "Sign in to see it, or read our letter.",
            ),
            "busy": (
                "One moment, please",
                "Your booking cannot be shown now. If you have paid, nothing is lost; please do "
                "not pay again.",
            ),
        },
    ),
    "ar": Words(
        booking="الحجز",
        total="الإجمالي",
        cancelled="ملغاة",
        local_times="جميع الأوقات بالتوقيت المحلي للمطارات.",
        pay_until="لا يزال بإمكانك الدفع حتى {until} (بالتوقيت المحلي في {airport}): افتح حجزك "
        "واختر الدفع مرة أخرى.",
        changes_by_itself="تتحدّث هذه الصفحة تلقائيًا.",
        takes_longer="يستغرق الأمر وقتًا أطول من المعتاد. لم يُفقد شيء، ويرجى عدم الدفع مرة أخرى. "
        "سنراسلك بالبريد الإلكتروني فور الانتهاء.",
        look_again="تحديث الصفحة",
        back="العودة إلى التطبيق",
        comma="،",
        weekdays=("الاثنين", "الثلاثاء", "الأربعاء", "الخميس", "الجمعة", "السبت", "الأحد"),
        months=(
            *("يناير", "فبراير", "مارس", "أبريل", "مايو", "يونيو"),
            *("يوليو", "أغسطس", "سبتمبر", "أكتوبر", "نوفمبر", "ديسمبر"),
        ),
        unused_money={
            UnusedMoney.NONE: "",
            UnusedMoney.KEPT: "استلمنا مبلغًا لا يطابق هذا الحجز. إذا أمكن أن يدفع ثمن مقاعدكم "
            "فسنستخدمه لذلك، وإلا أعدناه تلقائيًا. سنراسلكم.",
            UnusedMoney.RETURNING: "المبلغ الذي لم يطابق هذا الحجز في طريقه إليك. قد يستغرق ظهوره "
            "لدى البنك بضعة أيام.",
            UnusedMoney.RETURNED: "أُعيد المبلغ الذي لم يطابق هذا الحجز.",
        },
        cases={
            PaymentStep.CONFIRMED: (
                "تم تأكيد حجزك",
                "شكرًا لك. ستصلك التذاكر بالبريد الإلكتروني.",
            ),
            PaymentStep.PAID: (
                "تم تسجيل دفعتك",
                "شكرًا لك. يجري إصدار التذاكر وستصلك بالبريد الإلكتروني.",
            ),
            "recording": (
                "دفعتك قيد المعالجة",
                "شكرًا لك. ننتظر رد البنك، ويرجى عدم الدفع مرة أخرى. ستصلك التذاكر بالبريد "
                "الإلكتروني.",
            ),
            PaymentStep.PROCESSING: (
                "دفعتك قيد المعالجة",
                "شكرًا لك. قد يستغرق رد البنك بضعة أيام، وتبقى مقاعدك محجوزة حتى ذلك الحين. يرجى "
                "عدم الدفع مرة أخرى. سنراسلك بالبريد الإلكتروني فور اكتمال الدفع.",
            ),
            "not_paid": ("لم يتم الدفع بعد", "لم تُسجَّل أي دفعة."),
            PaymentStep.DECLINED: (
                "رُفضت عملية الدفع",
                "رفض البنك عملية الدفع. يرجى استخدام بطاقة أخرى أو مراجعة البنك.",
            ),
            PaymentStep.FAILED: (
                "لم تنجح عملية الدفع",
                "لم تكتمل عملية الدفع ولم يُخصم أي مبلغ.",
            ),
            PaymentStep.PART: (
                "دُفع جزء من المبلغ",
                "استلمنا جزءًا من المبلغ المستحق. يمكن دفع الباقي من صفحة الحجز أو عبر الرابط "
                "المرسل إلى من سيدفعه، وإلا أعدنا ما دُفع.",
            ),
            PaymentStep.LAPSED: (
                "انتهت مهلة الدفع",
                "لم تُسجَّل أي دفعة في الوقت المحدد، ولم تعد المقاعد محجوزة. يرجى إنشاء حجز جديد. "
                "إذا أظهر البنك عملية دفع فتواصل معنا مع ذكر هذا الرقم المرجعي: المبلغ الذي يصل "
                "متأخرًا يُعاد.",
            ),
            PaymentStep.UNUSED: (
                "لم يتم تأكيد هذا الحجز",
                "وصلت دفعتك بعد انتهاء المهلة، أو لا تساوي المبلغ المستحق، أو لم يُدفع باقي المبلغ "
                "في الوقت المحدد. يرجى عدم الدفع مجددًا وعدم إنشاء حجز جديد قبل تسويتها، وذلك "
                "يستغرق دقيقة أو دقيقتين.",
            ),
            PaymentStep.UNCHANGED: (
                "حجزك لم يتغيّر",
                "لم تُدفع قيمة التعديل. يبقى حجزك مؤكدًا كما كان.",
            ),
            PaymentStep.ENDED: (
                "انتهى هذا الحجز",
                "أُلغي هذا الحجز أو رُدّ مبلغه. يعود المبلغ المستحق لك إلى البطاقة المستخدمة كما ورد "
                "في رسالتنا.",
            ),
            PaymentStep.NOT_SHOWN: (
                "حجزك",
                "حفاظًا على خصوصيتك تعرض هذه الصفحة الحجز لمدة يوم واحد بعد الدفع فقط. سجّل الدخول "
                "لعرضه أو راجع رسالتنا.",
            ),
            "busy": (
                "لحظة من فضلك",
                "يتعذر عرض حجزك الآن. إذا كنت قد دفعت فلم يُفقد شيء، ويرجى عدم الدفع مرة أخرى.",
            ),
        },
    ),
}


# The same for a gift card: `{until}` is in UTC. It has no part payments and no changes.
GIFT_CARD_WORDS: Mapping[Language, Words] = {
    "en": replace(
        WORDS["en"],
        booking="Gift card",
        total="Amount",
        pay_until="You can still pay until {until} ({airport}): open your gift card and choose "
        "payment again.",
        unused_money={
            **WORDS["en"].unused_money,
            UnusedMoney.KEPT: "We have received money that this gift card cannot take. It goes "
            "back to you by itself. We write to you.",
            UnusedMoney.RETURNING: "Money that the gift card could not take is on its way back. "
            "Banks may take some days to show it.",
            UnusedMoney.RETURNED: "Money that the gift card could not take has been returned.",
        },
        cases={
            **WORDS["en"].cases,
            PaymentStep.CONFIRMED: (
                "Your gift card is paid",
                "Thank you. The code comes by e-mail, and is in your account.",
            ),
            PaymentStep.PAID: (
                "Your payment is recorded",
                "Thank you. The code comes by e-mail within a minute or two.",
            ),
            "recording": (
                "Your payment is being processed",
                "Thank you. We wait for the answer of your bank; please do not pay again. The "
                "code comes by e-mail.",
            ),
            PaymentStep.PROCESSING: (
                "Your payment is being processed",
                "Thank you. Your bank may take some days to answer. Please do not pay again. We "
                "write to you by e-mail as soon as it is done.",
            ),
            PaymentStep.LAPSED: (
                "The time to pay has ended",
                "No payment was recorded in time. Please order a new gift card. If your bank shows "
                "a payment, it still pays for this one.",
            ),
            PaymentStep.UNUSED: (
                "This gift card is not paid",
                "What was paid is not its amount. Please do not pay again before the money is "
                "settled, which takes a minute or two.",
            ),
            PaymentStep.ENDED: (
                "This gift card was refunded",
                "Its code can no longer be used. The money goes back to the card that was used.",
            ),
            PaymentStep.NOT_SHOWN: (
                "Your gift card",
                "For your privacy this page shows a gift card for one day after its payment only. "
                "Sign in to see it, or read our letter.",
            ),
            "busy": (
                "One moment, please",
                "Your gift card cannot be shown now. If you have paid, nothing is lost; please do "
                "not pay again.",
            ),
        },
    ),
    "ar": replace(
        WORDS["ar"],
        booking="بطاقة الهدية",
        total="القيمة",
        pay_until="لا يزال بإمكانك الدفع حتى {until} ({airport}): افتح بطاقة الهدية واختر الدفع "
        "مرة أخرى.",
        unused_money={
            **WORDS["ar"].unused_money,
            UnusedMoney.KEPT: "استلمنا مبلغًا لا يمكن استخدامه لهذه البطاقة، وسنعيده تلقائيًا. "
            "سنراسلكم.",
            UnusedMoney.RETURNING: "المبلغ الذي لم يُستخدم لبطاقة الهدية في طريقه إليك. قد يستغرق "
            "ظهوره لدى البنك بضعة أيام.",
            UnusedMoney.RETURNED: "أُعيد المبلغ الذي لم يُستخدم لبطاقة الهدية.",
        },
        cases={
            **WORDS["ar"].cases,
            PaymentStep.CONFIRMED: (
                "تم دفع قيمة بطاقة الهدية",
                "شكرًا لك. سيصل الرمز بالبريد الإلكتروني وتجده في حسابك.",
            ),
            PaymentStep.PAID: (
                "تم تسجيل دفعتك",
                "شكرًا لك. سيصل الرمز بالبريد الإلكتروني خلال دقيقة أو دقيقتين.",
            ),
            "recording": (
                "دفعتك قيد المعالجة",
                "شكرًا لك. ننتظر رد البنك، ويرجى عدم الدفع مرة أخرى. سيصل الرمز بالبريد الإلكتروني.",
            ),
            PaymentStep.PROCESSING: (
                "دفعتك قيد المعالجة",
                "شكرًا لك. قد يستغرق رد البنك بضعة أيام. يرجى عدم الدفع مرة أخرى. سنراسلك بالبريد "
                "الإلكتروني فور اكتمال الدفع.",
            ),
            PaymentStep.LAPSED: (
                "انتهت مهلة الدفع",
                "لم تُسجَّل أي دفعة في الوقت المحدد. يرجى طلب بطاقة هدية جديدة. إذا أظهر البنك عملية "
                "دفع فستُستخدم لهذه البطاقة.",
            ),
            PaymentStep.UNUSED: (
                "لم تُدفع قيمة بطاقة الهدية",
                "المبلغ المدفوع لا يساوي قيمتها. يرجى عدم الدفع مجددًا قبل تسويته، وذلك يستغرق "
                "دقيقة أو دقيقتين.",
            ),
            PaymentStep.ENDED: (
                "استُردّت قيمة بطاقة الهدية",
                "لم يعد رمزها صالحًا. يعود المبلغ إلى البطاقة المستخدمة.",
            ),
            PaymentStep.NOT_SHOWN: (
                "بطاقة الهدية",
                "حفاظًا على خصوصيتك تعرض هذه الصفحة بطاقة الهدية لمدة يوم واحد بعد الدفع فقط. سجّل "
                "الدخول لعرضها أو راجع رسالتنا.",
            ),
            "busy": (
                "لحظة من فضلك",
                "يتعذر عرض بطاقة الهدية الآن. إذا كنت قد دفعت فلم يُفقد شيء، ويرجى عدم الدفع مرة "
                "أخرى.",
            ),
        },
    ),
}
