"""Module constants of the domain with figures in them: rules of the airline, and what is none.

A rule that an airline would change is to become a policy. Those in TO_BE_MOVED are constants
still; their list may only shrink. What is fixed by a standard, by the form of a name or by how the
software works is in FIXED.
"""

from collections.abc import Mapping

# The most that the list may hold; it is lowered with each constant that is moved.
STILL_CONSTANTS = 9

# Contexts without a rule that an airline would set for its sales: security, books, formats.
WITHOUT_RULES = frozenset(
    {"identity", "invoicing", "kernel", "ledger", "modes", "partners", "period", "policies"}
    | {"privacy"}
)

# Constant by file and name, with the policy that it will be (or a part of).
TO_BE_MOVED: Mapping[str, str] = {
    "booking/ages.py CHILD_FROM_YEARS": "ages",
    "booking/ages.py ADULT_FROM_YEARS": "ages",
    "booking/ages.py GUARDIAN_FROM_YEARS": "ages",
    "booking/ages.py INFANT_FROM_DAYS": "ages",
    "booking/entry_rules.py PASSPORT_RULES": "passport_rules",
    "inventory/seat_map.py FRONT_ROWS": "seat_categories",
    "pricing/exchange.py RATES": "exchange_rates",
    "pricing/tax.py STOPOVER": "taxes",
    "pricing/tax.py VAT_PERCENT": "taxes",
}

# Constant by file and name, with what fixes it.
FIXED: Mapping[str, str] = {
    "booking/actions.py _BEFORE_TICKETS": "an index",
    "booking/ages.py OLDEST_YEARS": "the longest life that is documented",
    "booking/countries.py TWO_LETTERS": "ISO 3166",
    "booking/names.py BAR_CODE_LENGTH": "IATA resolution 792",
    "booking/names.py MARKS_ON_A_LETTER": "the form of a name",
    "booking/sale.py PASSENGER_LIMIT": "a record locator holds nine passengers",
    "booking/sale.py SEGMENT_LIMIT": "a ticket has four coupons (IATA)",
    "booking/saved_passengers.py SAVED_LIMIT": "a limit of what is stored",
    "compensation/assessment.py EARTH_RADIUS_KM": "the Earth",
    "compensation/regimes.py LEAST_DELAY": "no regime may give something for less",
    "credit/gift_cards.py FIRST_REFUNDABLE_FOR": "cards of earlier releases were sold with it",
    "credit/gift_cards.py RESEND_LIMIT": "a limit against abuse",
    "inventory/departure_correction.py FINAL_AFTER": "when a departure is handed on",
    "inventory/schedule.py LONGEST": "no flight is longer",
    "inventory/season.py ONE_DAY": "a unit of time",
    "inventory/season.py _MINUTE": "a unit of time",
    "inventory/seat_map.py EXIT_ROW_SHARE": "the place of an exit in a map that names none",
    "payment/attempts.py DELAYED_AFTER": "how long Stripe is waited for",
    "payment/idempotency_keys.py RETRY_HORIZON": "Stripe keeps a key for 24 hours",
    "payment/idempotency_keys.py FINISHED_WITHIN": "how long Stripe is waited for",
    "payment/replacement.py CLOCK_LEEWAY": "how far clocks may differ",
    "payment/replacement.py FIRST_PAUSE": "how long Stripe is waited for",
    "payment/replacement.py LEAST_LEFT": "how long Stripe is waited for",
    "payment/replacement.py LONGEST_PAUSE": "how long Stripe is waited for",
    "payment/replacement.py MOST_IN_A_ROW": "a limit of repetition",
    "payment/replacement.py SHORTEST_SESSION": "Stripe opens none for a shorter time",
    "pricing/charge_limits.py LARGEST": "eight digits (Stripe)",
    "pricing/fees.py HOUR": "a unit of time",
    "pricing/tax.py AIRPORTS_PER_FLIGHT": "a flight has two ends",
    "reconciliation/bank_leg.py VERSION": "the version of a rule of matching",
    "reconciliation/bank_leg.py ARRIVES_WITHIN": "how long a bank takes",
    "reconciliation/bank_leg.py GOES_BACK_WITHIN": "how long a bank takes",
    "reconciliation/bank_leg.py RETURN_REACH": "how long a bank takes",
    "reconciliation/bank_leg.py UNDER_WAY": "how long a bank takes",
    "reconciliation/breaks.py BUCKETS": "the rows of a report",
    "reconciliation/matching.py VERSION": "the version of a rule of matching",
    "reconciliation/matching.py MISSING_AFTER": "how long a bank takes",
    "reconciliation/matching.py RECORDED_WITHIN": "how long Stripe takes",
}
