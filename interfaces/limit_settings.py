"""The settings of limits: how many requests a client may send, and how many seats it may hold."""

from collections.abc import Mapping
from typing import Annotated

import msgspec

from interfaces.seller_settings import SellerSettings

Count = Annotated[int, msgspec.Meta(ge=1, le=10**9)]


class LimitSettings(SellerSettings, frozen=True, kw_only=True):
    """Limits count requests per client and minute, except `limit_authentication`, which counts per
    15 minutes, and `limit_unpaid_*`, which count seats."""

    limit_anonymous: Count = 60
    limit_signed_in: Count = 120
    limit_staff: Count = 1000
    limit_authentication: Count = 5
    limit_booking: Count = 20
    limit_payment: Count = 10
    limit_client: Count = 600
    limit_gift_code: Count = 10
    limit_gift_code_address: Count = 100
    limit_find_address: Count = 10
    limit_find_reference: Count = 10
    limit_unpaid_flight: Count = 9
    limit_unpaid_account: Count = 54
    limit_unpaid_address: Count = 108


# What each setting means.
LIMIT_ABOUT: Mapping[str, str] = {
    "limit_anonymous": "requests per minute and address, not signed in",
    "limit_signed_in": "requests per minute and user: customers and travel agents",
    "limit_staff": "requests per minute and user: staff",
    "limit_authentication": "sign-ins and registrations per 15 minutes and address",
    "limit_booking": "requests per minute and user that change bookings, or exports",
    "limit_payment": "requests per minute and user that open a checkout",
    "limit_client": "requests for tokens per minute and address of clients",
    "limit_gift_code": "codes of gift cards that a user may try per hour",
    "limit_gift_code_address": "codes of gift cards tried per hour from one address",
    "limit_find_address": "bookings that guests look for per 15 minutes from one address",
    "limit_find_reference": "surnames tried per hour with one booking reference",
    "limit_unpaid_flight": "unpaid seats of one flight and account; agents: fivefold",
    "limit_unpaid_account": (
        "seats newly held or waited for in 15 minutes by an account; agents: fivefold"
    ),
    "limit_unpaid_address": (
        "seats newly held or waited for in 15 minutes by customers at one address"
    ),
}
