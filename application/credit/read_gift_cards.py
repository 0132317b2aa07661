"""Read gift cards: the buyer sees the code and what became of the card."""

import datetime as dt
from collections.abc import Sequence

import msgspec

from application.commands import stream_kinds
from application.credit.order_gift_card import GiftCardDetails
from application.credit.ports import CreditPorts
from application.credit.read_credits import CreditDetails, read_credit
from application.identity.ports import Principal
from application.queries import AsOf
from domain.credit import gift_cards
from domain.credit.rejections import CreditNotFound
from domain.credit.state import Credit
from domain.identity import roles
from domain.kernel.sealed import Sealed


class ShownGiftCard(msgspec.Struct, frozen=True):
    """A card as its buyer sees it; `details` is None once the buyer's data was erased.

    `status` is ordered, lapsed, paid, claimed, refunded, expired or disputed. `refundable_until` is
    None unless the buyer can have the money back.
    """

    credit_id: str
    credit: Credit
    status: str
    details: GiftCardDetails | None
    refundable_until: dt.datetime | None


async def read_own_card(ports: CreditPorts, principal: Principal, credit_id: str) -> CreditDetails:
    """Return a card that the caller has ordered, or any to staff who see all bookings.

    Rejects CreditNotFound, also for the card of somebody else and for other credits.
    """
    found = await read_credit(ports, credit_id)
    card = gift_cards.card_of(found.credit)
    if card.buyer != principal.user and not roles.may(principal.role, "see_any_booking"):
        raise CreditNotFound()
    return found


async def read_gift_card(ports: CreditPorts, principal: Principal, credit_id: str) -> ShownGiftCard:
    """Return a card of the caller. Rejects as `read_own_card` does."""
    return await shown_card(ports, principal, await read_own_card(ports, principal, credit_id))


async def list_gift_cards(
    ports: CreditPorts, principal: Principal
) -> tuple[Sequence[ShownGiftCard], AsOf]:
    """Return the cards that the caller has ordered, the newest first."""
    names, as_of = await ports.cards_of(principal.user)
    found = await ports.booking.bus.current_all(stream_kinds.CREDIT, names)
    known = [
        CreditDetails(name, credit) for name in names if (credit := found[name][0]) is not None
    ]
    boxes = [gift_cards.card_of(each.credit).details for each in known]
    opened = await ports.booking.vault.open_all(boxes)
    now = ports.booking.clock()
    return [_shown(each, text, now=now) for each, text in zip(known, opened, strict=True)], as_of


async def shown_card(
    ports: CreditPorts, principal: Principal, found: CreditDetails
) -> ShownGiftCard:
    """Return the card as the caller sees it: its code, name and words are for the buyer only."""
    card = gift_cards.card_of(found.credit)
    text = await _opened(ports, card.details) if card.buyer == principal.user else None
    return _shown(found, text, now=ports.booking.clock())


async def _opened(ports: CreditPorts, details: Sealed) -> bytes | None:
    (text,) = await ports.booking.vault.open_all([details])
    return text


def _shown(found: CreditDetails, text: bytes | None, *, now: dt.datetime) -> ShownGiftCard:
    status = gift_cards.shown_status(found.credit, now=now)
    until = gift_cards.refundable_until(found.credit)
    return ShownGiftCard(
        credit_id=found.credit_id,
        credit=found.credit,
        status=status,
        refundable_until=until if status == "paid" and until and now <= until else None,
        details=None if text is None else msgspec.json.decode(text, type=GiftCardDetails),
    )
