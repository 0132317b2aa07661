"""Write letters about gift cards. The code and the addresses are opened at the last moment."""

import asyncio
import datetime as dt

import msgspec

from application import mail, ports
from application.booking.send_letter import MAIL_TIMEOUT_SECONDS
from application.commands import stream_kinds
from application.commands.bus import CommandBus
from application.credit import gift_card_letters as letters
from application.credit.order_gift_card import GiftCardDetails
from domain.credit import gift_cards
from domain.credit.state import Credit
from domain.kernel import ids, money


class GiftCardLetterSender:
    """Sends letters; a letter that is sent again has the same id."""

    def __init__(self, *, bus: CommandBus, vault: ports.Vault, mailer: mail.Mailer) -> None:
        self._bus = bus
        self._vault = vault
        self._mailer = mailer

    async def send(self, letter: letters.GiftCardLetter) -> None:
        """Send the letter; do nothing when the buyer's data was erased, or the code is void.

        Raises Unavailable.
        """
        credit = (await self._bus.current(stream_kinds.CREDIT, letter.credit_id))[0]
        assert credit is not None, "a letter is about a card that was ordered"
        card = gift_cards.card_of(credit)
        is_void = card.status == "refunded" or not credit.balance.amount
        if isinstance(letter, letters.GiftCardCodeLetter) and is_void:
            return
        (opened,) = await self._vault.open_all([card.details])
        if opened is None:
            return
        details = msgspec.json.decode(opened, type=GiftCardDetails)
        async with asyncio.timeout(MAIL_TIMEOUT_SECONDS):
            await self._mailer.send(_written(letter, credit, details))


def _written(
    letter: letters.GiftCardLetter, credit: Credit, details: GiftCardDetails
) -> mail.Letter:
    recipient = details.recipient if letter.reader == "recipient" else None
    language = details.contact.locale if recipient is None else recipient.locale
    words = letters.LETTERS[type(letter)][language]
    from_buyer = ""
    if recipient is not None:
        from_buyer = letters.FROM_BUYER[language].format(
            sender=recipient.sender, message=recipient.message
        )
    values = {
        "amount": money.display(credit.issued),
        "code": details.code,
        "name": letters.CUSTOMER[language] if recipient is None else recipient.name,
        "from_buyer": from_buyer,
        "until": _instant(credit.expires_at),
        "refundable_until": _instant(gift_cards.refundable_until(credit)),
        "returned": _returned(letter),
    }
    kind = letter.topic.partition(".")[2].replace("_", "-")
    name = letter.credit_id.removeprefix(f"{ids.StreamPrefix.CREDIT}-")
    return mail.Letter(
        id="-".join(part for part in (kind, name, _about(letter)) if part),
        to=details.contact.email if recipient is None else recipient.email,
        subject=words.subject.format(**values),
        text=words.text.format(**values),
        kind=kind,
        language=language,
    )


def _about(letter: letters.GiftCardLetter) -> str:
    """Return what distinguishes letters of one kind about one card."""
    match letter:
        case letters.GiftCardReturnedMoneyLetter(intent=intent):
            return intent
        case letters.GiftCardCodeLetter(number=number) if number:
            return str(number)
        case _:
            return ""


def _instant(instant: dt.datetime | None) -> str:
    return "" if instant is None else f"{instant:%Y-%m-%d %H:%M}"


def _returned(letter: letters.GiftCardLetter) -> str:
    if not isinstance(letter, letters.GiftCardReturnedMoneyLetter):
        return ""
    return money.display(money.Money(letter.amount, letter.currency))
