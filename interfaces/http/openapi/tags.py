"""The groups of operations, in the order in which a reader needs them."""

from collections.abc import Mapping

# What a group is about, in order.
TAGS: Mapping[str, str] = {
    "Identity": "Register, sign in, and the keys that verify our access tokens.",
    "Search and flights": "Departures, seat maps and quotes. Nobody has to be signed in.",
    "Booking": "Create, hold, read and complete a booking.",
    "Payment": "Checkout at Stripe, its webhook, and what finance does about payments.",
    "Changes and cancellation": "A quote first, then the change at its terms; disrupted flights.",
    "Check-in and boarding": "Check-in, boarding passes, the gate, special services, documents.",
    "Travel credit": "Credit of a customer: what it is worth, and paying with it.",
    "Gift cards": "Buy a gift card, claim it with its code, have the money back.",
    "Compensation": "Claims of passengers whose flight was disrupted.",
    "Tax documents": "Invoices, credit notes and debit notes.",
    "Flight operation": "For operations: flights on sale, aircraft, delays, departures.",
    "Ledger": "For finance and auditors: accounts, reports, periods, money owed.",
    "Settlement": "For finance and auditors: payouts and the balance at Stripe.",
    "Reconciliation": "For finance and auditors: the books against Stripe and the bank.",
    "Audit": "For auditors: the log in order, as a stream too, and who did what.",
    "Health": "Whether the process is alive, and ready to work.",
}

# The group of a route by the beginning of its path; the longest that fits decides.
_CONTEXTS: Mapping[str, str] = {
    "/api/auth": "Identity",
    "/.well-known": "Identity",
    "/api/flights": "Search and flights",
    "/api/quotes": "Search and flights",
    "/api/price-calendar": "Search and flights",
    "/api/airports": "Search and flights",
    "/api/routes": "Search and flights",
    "/api/bookings": "Booking",
    "/api/bookings/{booking_id}/checkout": "Payment",
    "/api/bookings/{booking_id}/split-checkout": "Payment",
    "/api/bookings/{booking_id}/cancel": "Changes and cancellation",
    "/api/bookings/{booking_id}/modif": "Changes and cancellation",
    "/api/bookings/{booking_id}/abandon-change": "Changes and cancellation",
    "/api/bookings/{booking_id}/correct-name": "Changes and cancellation",
    "/api/bookings/{booking_id}/disruption": "Changes and cancellation",
    "/api/bookings/{booking_id}/division": "Changes and cancellation",
    "/api/bookings/{booking_id}/check-in": "Check-in and boarding",
    "/api/bookings/{booking_id}/undo-check-in": "Check-in and boarding",
    "/api/bookings/{booking_id}/board": "Check-in and boarding",
    "/api/bookings/{booking_id}/offload": "Check-in and boarding",
    "/api/bookings/{booking_id}/no-show": "Check-in and boarding",
    "/api/bookings/{booking_id}/seats": "Check-in and boarding",
    "/api/bookings/{booking_id}/documents": "Check-in and boarding",
    "/api/bookings/{booking_id}/special-services": "Check-in and boarding",
    "/api/bookings/{booking_id}/credit": "Travel credit",
    "/api/bookings/{booking_id}/claims": "Compensation",
    "/api/bookings/{booking_id}/tax-": "Tax documents",
    "/api/admin/bookings": "Payment",
    "/api/admin/bookings/{booking_id}/credit": "Travel credit",
    "/api/admin/bookings/{booking_id}/tax-documents": "Tax documents",
    "/api/admin/claims": "Compensation",
    "/api/admin/open-claims": "Compensation",
    "/api/credits": "Travel credit",
    "/api/gift-cards": "Gift cards",
    "/api/admin/accounts": "Travel credit",
    "/api/admin/credit": "Travel credit",
    "/api/webhooks": "Payment",
    "/api/admin/stripe-events": "Payment",
    "/api/admin/payments": "Payment",
    "/api/admin/unfinished-attempts": "Payment",
    "/api/admin/unconfirmed-payments": "Payment",
    "/api/admin/disputes": "Payment",
    "/api/admin/external-refunds": "Payment",
    "/api/admin/worklists": "Ledger",
    "/api/admin/settlement": "Settlement",
    "/api/admin/reconciliation": "Reconciliation",
    "/api/admin/flights": "Flight operation",
    "/api/admin/oversold-flights": "Flight operation",
    "/api/admin/overdue-flights": "Flight operation",
    "/api/admin/unanswered-cancellations": "Flight operation",
    "/api/admin/unanswered-moves": "Flight operation",
    "/api/ledger": "Ledger",
    "/api/ledger/tax-documents": "Tax documents",
    "/api/audit": "Audit",
    "/health": "Health",
}


def tag_of(path: str) -> str | None:
    """Return the group of a route by its path as the document has it; None where it has none."""
    fitting = [prefix for prefix in _CONTEXTS if path.startswith(prefix)]
    return _CONTEXTS[max(fitting, key=len)] if fitting else None
