"""What can be called with what an answer contains (OpenAPI, Link Object)."""

from collections.abc import Iterable, Mapping
from typing import Any

# Of which operation, the parameter that its answer fills, and where in the answer it is.
_CREATES = {
    "createBooking": ("booking_id", "id"),
    "divideBooking": ("booking_id", "id"),
    "orderGiftCard": ("gift_card_id", "id"),
    "issueCredit": ("credit_id", "id"),
    "scheduleFlight": ("flight_id", "id"),
    "searchFlights": ("flight_id", "flights/0/id"),
    "listBookings": ("booking_id", "bookings/0/id"),
    "listOwnCredits": ("credit_id", "credits/0/id"),
}
# A quote and the operation that accepts it for the same booking.
_ACCEPTS = {
    "quoteCancellation": "cancelBooking",
    "quoteModification": "modifyBooking",
    "quoteExtras": "addExtras",
    "quoteExtraRefund": "refundExtra",
}


def links(operation_id: str, parameters: Mapping[str, Iterable[str]]) -> dict[str, Any]:
    """Return the links of an operation; `parameters` are those of every operation by its id."""
    if operation_id in _ACCEPTS:
        accepted = _ACCEPTS[operation_id]
        return {
            accepted: {
                "operationId": accepted,
                "parameters": {"booking_id": "$request.path.booking_id"},
                "requestBody": {"quoteId": "$response.body#/quoteId"},
            }
        }
    if operation_id not in _CREATES:
        return {}
    name, place = _CREATES[operation_id]
    return {
        other: {"operationId": other, "parameters": {name: f"$response.body#/{place}"}}
        for other, taken in parameters.items()
        if list(taken) == [name]
    }
