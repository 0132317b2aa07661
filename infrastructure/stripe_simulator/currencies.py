"""The amounts that Stripe accepts in each currency: decimals, minimum and maximum.

Sources: Stripe's page on currencies (zero-decimal list, three-decimal rule, minimum table,
eight digits). A currency without a published minimum follows the general rule "US$0.50 or
equivalent": its official dollar peg gives the figure, or else a rate near that of 2026, rounded
up, because Stripe converts at its own rate of the day. Where neither is known here it is one step.
"""

from decimal import Decimal

import iso4217

from infrastructure.stripe_simulator.errors import ApiError, invalid

AMOUNT_LIMIT = 99_999_999

ZERO_DECIMAL = frozenset(
    {
        "bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga",
        "pyg", "rwf", "ugx", "vnd", "vuv", "xaf", "xof", "xpf",
    }
)  # fmt: skip
THREE_DECIMAL = frozenset({"bhd", "jod", "kwd", "omr", "tnd"})

_PUBLISHED_MINIMUM = {
    "usd": 50, "aed": 200, "aud": 50, "bgn": 100, "brl": 50, "cad": 50, "chf": 50, "czk": 1500,
    "dkk": 250, "eur": 50, "gbp": 30, "hkd": 400, "huf": 17500, "inr": 50, "jpy": 50,
    "mxn": 1000, "myr": 200, "nok": 300, "nzd": 50, "pln": 200, "ron": 200, "sek": 300,
    "sgd": 50, "thb": 1000,
}  # fmt: skip
# Half a dollar at the official peg: 3.75 SAR, 3.64 QAR, 0.376 BHD, 0.3845 OMR, 0.709 JOD.
_PEGGED_MINIMUM = {"sar": 188, "qar": 182, "bhd": 190, "omr": 200, "jod": 360}

# Half a dollar at about 3.25 USD to the Kuwaiti dinar, 3.1 Tunisian dinars, 49 Egyptian pounds,
# 280 Pakistani rupees, 42 lira, 58 Philippine pesos, 17 rand, 1,450 won, and so on.
_CONVERTED_MINIMUM = {
    "kwd": 160, "tnd": 1_600, "egp": 2_500, "pkr": 14_000, "lkr": 15_500, "bdt": 6_200,
    "try": 2_200, "php": 3_000, "zar": 900, "krw": 750, "vnd": 13_500, "idr": 840_000,
    "clp": 500, "xof": 300, "xaf": 300, "kes": 6_600, "mad": 500, "ngn": 75_000, "twd": 1_700,
    "cny": 370, "ils": 180, "ugx": 1_900, "rwf": 750, "pyg": 3_700,
}  # fmt: skip

_KNOWN = frozenset(
    currency.code.lower() for currency in iso4217.Currency if currency.exponent is not None
)


def decimals(currency: str) -> int:
    """Return the decimals of Stripe's minor unit, which for UGX differs from ISO 4217."""
    if currency in ZERO_DECIMAL:
        return 0
    return 3 if currency in THREE_DECIMAL else 2


def minimum(currency: str) -> int:
    """Return the smallest amount that can be charged, in minor units."""
    for figures in (_PUBLISHED_MINIMUM, _PEGGED_MINIMUM, _CONVERTED_MINIMUM):
        if currency in figures:
            return figures[currency]
    return 10 if currency in THREE_DECIMAL else 1


def display(amount: int, currency: str) -> str:
    """Format as `1,234.50 SAR`, for the hosted page and error messages."""
    places = decimals(currency)
    value = Decimal(amount).scaleb(-places)
    return f"{value:,.{places}f} {currency.upper()}"


def checked_currency(text: str, *, param: str) -> str:
    """Return the lower-case code, or Stripe's refusal of a currency it does not know."""
    currency = text.lower()
    if currency not in _KNOWN:
        raise invalid(f"Invalid currency: {text[:10]}.", param=param)
    return currency


def check_charge(amount: int, currency: str, *, param: str) -> None:
    """Refuse an amount that no card payment can have."""
    if amount < minimum(currency):
        least = display(minimum(currency), currency)
        raise invalid(f"Amount must be at least {least}", param=param, code="amount_too_small")
    if amount > AMOUNT_LIMIT:
        most = display(AMOUNT_LIMIT, currency)
        raise invalid(f"Amount must be no more than {most}", param=param, code="amount_too_large")
    check_step(amount, currency, param=param)


def check_step(amount: int, currency: str, *, param: str) -> None:
    """Require tens of the minor unit in three-decimal currencies."""
    if currency in THREE_DECIMAL and amount % 10:
        raise ApiError(
            400,
            f"Amounts in {currency} must end in 0.",
            code="invalid_charge_amount",
            param=param,
        )
