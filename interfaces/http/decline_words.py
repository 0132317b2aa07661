"""What a payer reads about a declined card, in both languages: what to do, no reason to worry."""

from collections.abc import Mapping

import msgspec

from application.booking.booking_details import DeclineKind


class TextsResponse(msgspec.Struct):
    """One sentence or two in English and in Arabic."""

    en: str
    ar: str


TEXTS: Mapping[DeclineKind, TextsResponse] = {
    "bank_refused": TextsResponse(
        "Your bank declined the payment without a reason. Ask your bank, or use another card.",
        "رفض البنك عملية الدفع دون ذكر السبب. يُرجى التواصل مع البنك أو استخدام بطاقة أخرى.",
    ),
    "card_not_accepted": TextsResponse(
        "This card or account cannot be used for this payment. Use another one.",
        "لا يمكن استخدام هذه البطاقة أو هذا الحساب لهذه العملية. يُرجى استخدام غيره.",
    ),
    "limit_reached": TextsResponse(
        "The balance or the limit is not enough for this payment. Use another card.",
        "الرصيد أو الحدّ لا يكفي لهذه العملية. يُرجى استخدام بطاقة أخرى.",
    ),
    "details_wrong": TextsResponse(
        "Something in the details of the card is not right. Check them and try again.",
        "بعض بيانات البطاقة غير صحيح. يُرجى التحقق منها والمحاولة مرة أخرى.",
    ),
    "authentication_needed": TextsResponse(
        "Your bank wants you to confirm the payment. Try again and confirm it when you are asked.",
        "يطلب البنك تأكيد عملية الدفع. يُرجى المحاولة مرة أخرى وتأكيدها عند الطلب.",
    ),
    "temporary": TextsResponse(
        "The bank could not be reached or did not finish. Wait some minutes and try again.",
        "تعذّر الوصول إلى البنك أو لم تكتمل العملية. يُرجى الانتظار بضع دقائق ثم المحاولة مجددًا.",
    ),
    "paid_just_now": TextsResponse(
        "The same amount was paid with this card a moment ago. Wait some minutes and look at your "
        "booking before you try again.",
        "دُفع المبلغ نفسه بهذه البطاقة قبل لحظات. يُرجى الانتظار بضع دقائق ومراجعة الحجز قبل "
        "المحاولة مجددًا.",
    ),
}
