"""The chart of accounts: number, name and normal side."""

from typing import Literal

import msgspec

NormalSide = Literal["debit", "credit"]


class Account(msgspec.Struct, frozen=True):
    """One account; `number` is what postings carry."""

    number: str
    name: str
    normal_side: NormalSide


BANK = "1000"
STRIPE_CLEARING = "1010"
AIR_TRAFFIC_LIABILITY = "2000"
ANCILLARY_LIABILITY = "2010"
UNAPPLIED_FUNDS = "2020"
REFUNDS_PAYABLE = "2100"
TRAVEL_CREDITS = "2200"
VAT_OUTPUT = "2300"
AIRPORT_CHARGES = "2310"
PASSENGER_REVENUE = "4000"
ANCILLARY_REVENUE = "4010"
BREAKAGE = "4020"
CANCELLATION_FEES = "4030"
COMPENSATION = "4900"

CHART: dict[str, Account] = {
    account.number: account
    for account in (
        Account(BANK, "Bank", "debit"),
        Account(STRIPE_CLEARING, "Stripe clearing", "debit"),
        Account(AIR_TRAFFIC_LIABILITY, "Air traffic liability, fares", "credit"),
        Account(ANCILLARY_LIABILITY, "Air traffic liability, ancillaries", "credit"),
        Account(UNAPPLIED_FUNDS, "Unapplied customer funds", "credit"),
        Account(REFUNDS_PAYABLE, "Refunds payable", "credit"),
        Account(TRAVEL_CREDITS, "Travel credits", "credit"),
        Account(VAT_OUTPUT, "VAT output", "credit"),
        Account(AIRPORT_CHARGES, "Airport and government charges", "credit"),
        Account(PASSENGER_REVENUE, "Passenger revenue", "credit"),
        Account(ANCILLARY_REVENUE, "Ancillary revenue", "credit"),
        Account(BREAKAGE, "Breakage", "credit"),
        Account(CANCELLATION_FEES, "Cancellation fees", "credit"),
        Account(COMPENSATION, "Compensation and goodwill", "debit"),
    )
}
