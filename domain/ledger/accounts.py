"""The chart of accounts: number, name, type and normal side."""

from typing import Literal

import msgspec

NormalSide = Literal["debit", "credit"]
AccountType = Literal["asset", "liability", "revenue", "contra", "expense"]

# The side that increases an account. A contra account reduces revenue (IFRS 15), like an expense.
# Clearing accounts are assets that may stand on either side while money is on its way.
_NORMAL_SIDES: dict[AccountType, NormalSide] = {
    "asset": "debit",
    "liability": "credit",
    "revenue": "credit",
    "contra": "debit",
    "expense": "debit",
}


class Account(msgspec.Struct, frozen=True):
    """One account; `number` is what postings carry."""

    number: str
    name: str
    type: AccountType

    @property
    def normal_side(self) -> NormalSide:
        """The side on which the account is expected to stand."""
        return _NORMAL_SIDES[self.type]


BANK = "1000"
STRIPE_CLEARING = "1010"
FX_CLEARING = "1015"
PAYOUTS_IN_TRANSIT = "1020"
DISPUTES_RECEIVABLE = "1200"
EXTERNAL_REFUNDS = "1290"
AIR_TRAFFIC_LIABILITY = "2000"
ANCILLARY_LIABILITY = "2010"
UNAPPLIED_FUNDS = "2020"
REFUNDS_PAYABLE = "2100"
TRAVEL_CREDITS = "2200"
VAT_OUTPUT = "2300"
AIRPORT_CHARGES = "2310"
COMPENSATION_PAYABLE = "2500"
PASSENGER_REVENUE = "4000"
ANCILLARY_REVENUE = "4010"
BREAKAGE = "4020"
CANCELLATION_FEES = "4030"
COMPENSATION = "4900"
PROCESSING_FEES = "6000"
DISPUTE_LOSSES = "6010"
DISPUTE_FEES = "6020"
GOODWILL_CREDITS = "6040"
FX_GAIN_LOSS = "7000"

CHART: dict[str, Account] = {
    account.number: account
    for account in (
        Account(BANK, "Bank", "asset"),
        Account(STRIPE_CLEARING, "Stripe clearing", "asset"),
        Account(FX_CLEARING, "FX clearing", "asset"),
        Account(PAYOUTS_IN_TRANSIT, "Payouts in transit", "asset"),
        Account(DISPUTES_RECEIVABLE, "Disputes receivable", "asset"),
        Account(EXTERNAL_REFUNDS, "External refunds unallocated", "asset"),
        Account(AIR_TRAFFIC_LIABILITY, "Air traffic liability, fares", "liability"),
        Account(ANCILLARY_LIABILITY, "Air traffic liability, ancillaries", "liability"),
        Account(UNAPPLIED_FUNDS, "Unapplied customer funds", "liability"),
        Account(REFUNDS_PAYABLE, "Refunds payable", "liability"),
        Account(TRAVEL_CREDITS, "Travel credits", "liability"),
        Account(VAT_OUTPUT, "VAT output", "liability"),
        Account(AIRPORT_CHARGES, "Airport and government charges", "liability"),
        Account(COMPENSATION_PAYABLE, "Compensation payable", "liability"),
        Account(PASSENGER_REVENUE, "Passenger revenue", "revenue"),
        Account(ANCILLARY_REVENUE, "Ancillary revenue", "revenue"),
        Account(BREAKAGE, "Breakage", "revenue"),
        Account(CANCELLATION_FEES, "Cancellation fees", "revenue"),
        Account(COMPENSATION, "Compensation and goodwill", "contra"),
        Account(PROCESSING_FEES, "Processing fees", "expense"),
        Account(DISPUTE_LOSSES, "Dispute losses", "expense"),
        Account(DISPUTE_FEES, "Dispute fees", "expense"),
        Account(GOODWILL_CREDITS, "Goodwill credits", "expense"),
        Account(FX_GAIN_LOSS, "FX gain and loss", "expense"),
    )
}
