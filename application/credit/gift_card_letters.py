"""Letters about gift cards: the background task of each and its words in both languages."""

from collections.abc import Mapping
from typing import ClassVar, Literal

import msgspec

from application import ports
from application.caller import Language

Reader = Literal["recipient", "buyer"]


class GiftCardLetter(ports.BackgroundTask, frozen=True):
    """The root of letters about a gift card; `reader` is whom it goes to."""

    reader: ClassVar[Reader] = "buyer"

    credit_id: str


class GiftCardCodeLetter(GiftCardLetter, frozen=True):
    """The code, to whom the card is for; to the buyer where nobody is named.

    `number` counts the letters after the first one.
    """

    topic: ClassVar[str] = "mail.gift_card_code"
    reader: ClassVar[Reader] = "recipient"

    number: int = 0


class GiftCardReceiptLetter(GiftCardLetter, frozen=True):
    """The card is paid, and until when the money can be had back."""

    topic: ClassVar[str] = "mail.gift_card_paid"


class GiftCardRefundLetter(GiftCardLetter, frozen=True):
    """The card is void, and its money goes back."""

    topic: ClassVar[str] = "mail.gift_card_refunded"


class GiftCardReturnedMoneyLetter(GiftCardLetter, frozen=True, kw_only=True):
    """Money that the card could not take goes back; the amount is in minor units."""

    topic: ClassVar[str] = "mail.gift_card_payment_returned"

    intent: str
    amount: int
    currency: str


class Words(msgspec.Struct, frozen=True):
    """Subject and text, with placeholders."""

    subject: str
    text: str


# Whom a letter addresses that names nobody.
CUSTOMER: Mapping[Language, str] = {"en": "customer", "ar": "العميل"}
# Before the code, where the buyer sends the card to another person.
FROM_BUYER: Mapping[Language, str] = {
    "en": "{sender} gives you a gift card.\n\n{message}\n\n",
    "ar": "أهداك {sender} بطاقة هدية.\n\n{message}\n\n",
}

LETTERS: Mapping[type[GiftCardLetter], Mapping[Language, Words]] = {
    GiftCardCodeLetter: {
        "en": Words(
            "A gift card of {amount}",
            "Dear {name},\n\n{from_buyer}Your gift card is worth {amount}, and can be used for "
            "flights and all that goes with them until {until} (UTC).\n\nIts code is:\n\n"
            "    {code}\n\nSign in and enter the code to have the amount as travel credit. Whoever "
            "has the code can use it: keep it like cash.\n",
        ),
        "ar": Words(
            "بطاقة هدية بقيمة {amount}",
            "عزيزنا {name}،\n\n{from_buyer}قيمة بطاقتك {amount}، ويمكن استخدامها للرحلات وما "
            "يتعلق بها حتى {until} (التوقيت العالمي).\n\nالرمز:\n\n    {code}\n\nسجّل الدخول وأدخل "
            "الرمز لتحصل على المبلغ رصيدَ سفر. كل من لديه الرمز يستطيع استخدامه، فاحفظه كما تحفظ "
            "النقود.\n",
        ),
    },
    GiftCardReceiptLetter: {
        "en": Words(
            "Your gift card of {amount} is paid",
            "Dear {name},\n\nthank you: your gift card of {amount} is paid. It can be used until "
            "{until} (UTC).\n\nYou find its code in your account. As long as nobody has claimed "
            "the card, you can have your money back until {refundable_until} (UTC).\n\nThis is no "
            "tax invoice: tax is charged with what the card pays for.\n",
        ),
        "ar": Words(
            "تم دفع قيمة بطاقة الهدية {amount}",
            "عزيزنا {name}،\n\nشكرًا لك: تم دفع قيمة بطاقة الهدية {amount}. يمكن استخدامها حتى "
            "{until} (التوقيت العالمي).\n\nتجد رمزها في حسابك. يمكنك استرداد مبلغك حتى "
            "{refundable_until} (التوقيت العالمي) ما لم يستخدم أحد البطاقة.\n\nهذه ليست فاتورة "
            "ضريبية: تُحتسب الضريبة عند الشراء بالبطاقة.\n",
        ),
    },
    GiftCardRefundLetter: {
        "en": Words(
            "Your gift card is refunded",
            "Dear {name},\n\nyour gift card of {amount} is void, and its code can no longer be "
            "used. The money goes back to the card that was used; banks may take some days to show "
            "it.\n",
        ),
        "ar": Words(
            "استرداد قيمة بطاقة الهدية",
            "عزيزنا {name}،\n\nأُلغيت بطاقة الهدية بقيمة {amount} ولم يعد رمزها صالحًا. يعود المبلغ "
            "إلى البطاقة المستخدمة، وقد يستغرق ظهوره لدى البنك بضعة أيام.\n",
        ),
    },
    GiftCardReturnedMoneyLetter: {
        "en": Words(
            "We return a payment for a gift card",
            "Dear {name},\n\nwe return {returned} that was paid for your gift card of {amount}, "
            "because it was paid twice or does not fit. The money goes back to the card that was "
            "used; banks may take some days to show it.\n",
        ),
        "ar": Words(
            "نعيد مبلغًا دُفع لبطاقة هدية",
            "عزيزنا {name}،\n\nنعيد {returned} دُفع لبطاقة الهدية بقيمة {amount} لأنه دُفع مرتين أو "
            "لا يطابق قيمتها. يعود المبلغ إلى البطاقة المستخدمة، وقد يستغرق ظهوره لدى البنك بضعة "
            "أيام.\n",
        ),
    },
}
