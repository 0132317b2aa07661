"""What the QR code of a tax document contains: tags, lengths and values in base64.

Source: ZATCA, e-invoicing resolution, annex 2 (tags 1 to 5: seller, VAT number, time, total with
tax, tax).
"""

import base64
import datetime as dt

from domain.invoicing.events import TaxDocumentIssued
from domain.kernel import money
from domain.kernel.entries import local_time

LENGTH_LIMIT = 255


def text(document: TaxDocumentIssued) -> str:
    """Return the text in the code: five values as tag, length and UTF-8 bytes, in base64."""
    values = (
        document.seller.arabic_name,
        document.seller.vat_number,
        time_of(document.issued_at),
        decimal(document.total, document.currency),
        decimal(document.vat, document.currency),
    )
    encoded = b""
    for tag, value in enumerate(values, 1):
        octets = value.encode()
        assert len(octets) <= LENGTH_LIMIT, "settings limit the names"
        encoded += bytes((tag, len(octets))) + octets
    return base64.b64encode(encoded).decode()


def time_of(instant: dt.datetime) -> str:
    """Return date and time in Riyadh, such as `2026-11-20T12:00:00`."""
    return local_time(instant).strftime("%Y-%m-%dT%H:%M:%S")


def decimal(amount: int, currency: str) -> str:
    """Return minor units as a decimal number with two decimals, three where they are needed."""
    exponent = money.exponent(currency)
    whole, fraction = divmod(abs(amount), 10**exponent)
    digits = f"{fraction:0{exponent}d}" if exponent else ""
    digits = digits.ljust(2, "0")
    if len(digits) > 2:
        digits = digits[:2] + digits[2:].rstrip("0")
    return f"{'-' if amount < 0 else ''}{whole}.{digits}"
