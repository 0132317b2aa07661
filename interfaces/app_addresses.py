"""The settings of addresses that lead from a page of ours into an app or a web site."""

from collections.abc import Mapping
from typing import Annotated

import msgspec

# A name, and an address of an app or web site; never one that a browser would run as a script.
ReturnAddress = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[a-z][a-z0-9-]{0,19}=(?!(javascript|vbscript|data|blob|file|http)\b)"
        r"[a-z][a-z0-9+.-]*://[!-~]{1,200}$(?!\n)"
    ),
]
# With the page and the token of a mailed link; the same schemes are refused.
AppAddress = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^(?!(javascript|vbscript|data|blob|file|http)\b)[a-z][a-z0-9+.-]*://"
        r"(?=[!-~]*\{page\})(?=[!-~]*\{token\})[!-~]{1,200}$(?!\n)"
    ),
]

# Meaning and expected form by the name of the setting.
WAY_BACK_ABOUT: Mapping[str, tuple[str, str]] = {
    "return_to": (
        "where the page after a payment may lead back to: names with addresses, in which "
        "`{booking}` becomes the reference",
        "a list such as app=rimal://bookings/{booking},web=https://airline.example/{booking}",
    ),
    "app_url": (
        "address that opens the app on a page of an account, for the pages that mailed links lead "
        "to; `{page}` becomes the page and `{token}` the token of the link",
        "an address such as rimal://account/{page}?token={token}",
    ),
}
