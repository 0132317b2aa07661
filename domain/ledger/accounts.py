"""The chart of accounts: number, name, and on which side it normally stands."""

from typing import Literal

import msgspec

NormalSide = Literal["debit", "credit"]


class Account(msgspec.Struct, frozen=True):
    """One account; `number` is what postings carry."""

    number: str
    name: str
    normal_side: NormalSide


STRIPE_CLEARING = "1010"
AIR_TRAFFIC_LIABILITY = "2000"
UNAPPLIED_FUNDS = "2020"
VAT_OUTPUT = "2300"
AIRPORT_CHARGES = "2310"

CHART: dict[str, Account] = {
    account.number: account
    for account in (
        Account(STRIPE_CLEARING, "Stripe clearing", "debit"),
        Account(AIR_TRAFFIC_LIABILITY, "Air traffic liability, fares", "credit"),
        Account(UNAPPLIED_FUNDS, "Unapplied customer funds", "credit"),
        Account(VAT_OUTPUT, "VAT output", "credit"),
        Account(AIRPORT_CHARGES, "Airport and government charges", "credit"),
    )
}
