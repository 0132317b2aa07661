"""Module constants of the domain with figures in them: rules of the airline, and what is none.

A rule that an airline would change is to become a policy. Those in TO_BE_MOVED are constants
still; their list may only shrink. What is fixed by a standard, by the form of a name or by how the
software works is in FIXED.
"""

from collections.abc import Mapping

# The most that the list may hold; it is lowered with each constant that is moved.
STILL_CONSTANTS = 47

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
    "booking/boarding_pass.py BOARDING_STARTS": "gate_times",
    "booking/check_in.py BOARDING_CLOSES": "gate_times",
    "booking/connections.py MINIMUM_CONNECTING_TIME": "connecting_times",
    "booking/connections.py LONGEST_CONNECTION": "connecting_times",
    "booking/connections.py MINIMUM_CONNECTING_TIMES": "connecting_times",
    "booking/disruption.py REMIND_AFTER": "disruption_deadlines",
    "booking/disruption.py REFUND_AFTER": "disruption_deadlines",
    "booking/entry_rules.py PASSPORT_RULES": "passport_rules",
    "booking/hold_extension.py EXTENSION": "hold_times",
    "booking/hold_extension.py LONGEST_EXTENSION": "hold_times",
    "booking/hold_extension.py ENOUGH": "hold_times",
    "booking/passenger_details.py NAME_CORRECTION_LIMIT": "name_corrections",
    "booking/passenger_details.py LETTERS_PER_CORRECTION": "name_corrections",
    "booking/passenger_details.py WHEELCHAIRS_PER_FLIGHT": "places_per_flight",
    "booking/refund_approval.py ONE_PERSON_LIMITS": "approval_limits",
    "booking/reseating.py RESEATING_ENDS": "late_money",
    "compensation/regimes.py REGIMES": "compensation",
    "credit/credits.py LIFETIME": "credit_lifetimes",
    "credit/credits.py RETURNED_LIFETIME": "credit_lifetimes",
    "credit/credits.py RETURNED_GRACE": "credit_lifetimes",
    "credit/gift_cards.py PAYABLE_FOR": "gift_cards",
    "credit/gift_cards.py LIFETIME": "gift_cards",
    "credit/gift_cards.py REFUNDABLE_FOR": "gift_cards",
    "credit/gift_cards.py REINSTATED_LIFETIME": "gift_cards",
    "credit/gift_cards.py AMOUNTS": "gift_cards",
    "inventory/infant_room.py INFANTS_PER_FLIGHT": "places_per_flight",
    "inventory/operations.py BOARDING_CLOSES": "gate_times",
    "inventory/operations.py MATERIAL_CHANGE": "material_change",
    "inventory/sales_window.py HOLD_LIFETIME": "hold_times",
    "inventory/sales_window.py OFFER_LIFETIME": "hold_times",
    "inventory/sales_window.py SALES_CLOSE_BEFORE_DEPARTURE": "sales_window",
    "inventory/schedule.py OVERBOOKING_PERCENT": "overbooking",
    "inventory/schedule.py OVERBOOKING_LIMIT": "overbooking",
    "inventory/seat_map.py FRONT_ROWS": "seat_categories",
    "payment/attempts.py SESSION_LIFETIME": "hold_times",
    "pricing/baggage.py _ALLOWANCES": "baggage_allowance",
    "pricing/charge_limits.py SMALLEST": "least_charges",
    "pricing/exchange.py RATES": "exchange_rates",
    "pricing/extras.py NET_PRICES": "extras",
    "pricing/rules.py FARE_PERCENT": "passenger_shares",
    "pricing/tax.py STOPOVER": "taxes",
    "pricing/tax.py VAT_PERCENT": "taxes",
    "pricing/tax.py CHARGE_PER_AIRPORT": "taxes",
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
    "compensation/regimes.py _FORTNIGHT": "a unit of time",
    "compensation/regimes.py _DAY": "a unit of time",
    "compensation/regimes.py _HOUR": "a unit of time",
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
