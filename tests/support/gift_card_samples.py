"""What a credit holds before the events of a gift card, so that their samples can be folded."""

from domain.credit import events as credits
from domain.kernel.events import DomainEvent

_PAID = (credits.GiftCardOrdered, credits.GiftCardPaid)
BEFORE: dict[type[DomainEvent], tuple[type[DomainEvent], ...]] = {
    credits.GiftCardPaid: (credits.GiftCardOrdered,),
    credits.GiftCardClaimed: _PAID,
    credits.GiftCardRefunded: _PAID,
    credits.GiftCardRemailed: _PAID,
    credits.CreditBlocked: _PAID,
    credits.CreditUnblocked: (*_PAID, credits.CreditBlocked),
    credits.CreditChargedBack: _PAID,
    credits.CreditLossRecovered: _PAID,
    credits.CreditReinstated: (*_PAID, credits.CreditChargedBack),
}
