"""What an entry adds to the VAT return: supplies at the standard rate and zero-rated ones.

A supply is declared when it is ticketed and corrected when it is exchanged or cancelled, as its tax
is posted then. International carriage is zero-rated and declared as such (Saudi VAT Implementing
Regulations, article 34).
"""

from collections.abc import Iterator

import msgspec

from domain.kernel import entries, money
from domain.ledger import accounts

# What a customer pays without tax, whatever it becomes later: between these accounts a supply only
# moves, into them it is made, out of them it is taken back.
SUPPLY_ACCOUNTS = frozenset(
    {
        accounts.AIR_TRAFFIC_LIABILITY,
        accounts.ANCILLARY_LIABILITY,
        accounts.AIRPORT_CHARGES,
        accounts.PASSENGER_REVENUE,
        accounts.ANCILLARY_REVENUE,
        accounts.BREAKAGE,
        accounts.CANCELLATION_FEES,
    }
)
# Tax is rounded by coupon and by extra. A difference that the rounding of this many amounts can
# make is no zero-rated supply.
ROUNDED_AMOUNTS = 40


class Supply(msgspec.Struct, frozen=True):
    """Supplies without their tax, and the tax, in minor units; negative where taken back."""

    currency: str
    standard_net: int
    zero_rated_net: int
    vat: int


def supplies_of(entry: entries.Entry, *, percent: int) -> Iterator[Supply]:
    """Yield what the entry adds to the return, for each currency in which that is anything.

    `percent` is the standard rate.

    An entry of domestic and international flights together is divided by its tax: the standard part
    is what the tax is the rate of.
    """
    for currency in sorted({each.currency for each in entry.postings}):
        ours = [each for each in entry.postings if each.currency == currency]
        net = -sum(each.amount for each in ours if each.account in SUPPLY_ACCOUNTS)
        vat = -sum(each.amount for each in ours if each.account == accounts.VAT_OUTPUT)
        if net or vat:
            standard = _standard_net(net, money.Money(vat, currency), percent)
            yield Supply(currency, standard, net - standard, vat)


def _standard_net(net: int, vat: money.Money, percent: int) -> int:
    if not vat.amount:
        return 0
    taxed = money.round_to_charge_step(vat.amount * 100, percent, vat.currency).amount
    tolerance = ROUNDED_AMOUNTS * money.charge_step(vat.currency) * 100 // (2 * percent)
    return net if abs(net - taxed) <= tolerance else taxed
