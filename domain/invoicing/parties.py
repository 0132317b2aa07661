"""The seller and the buyer as a tax document names them.

Formats: ZATCA e-invoicing (VAT registration number of 15 digits that begins and ends with 3,
building number of 4 and postal code of 5 digits).
"""

import msgspec

VAT_NUMBER_PATTERN = r"^3[0-9]{13}3$(?!\n)"
REGISTRATION_PATTERN = r"^[0-9]{10}$(?!\n)"
BUILDING_PATTERN = r"^[0-9]{4}$(?!\n)"
POSTAL_CODE_PATTERN = r"^[0-9]{5}$(?!\n)"
# A name has at most 255 bytes in the QR code: 60 characters of four bytes each.
SELLER_NAME_LENGTH = 60


class Address(msgspec.Struct, frozen=True):
    """A national address of Saudi Arabia."""

    street: str
    building: str
    district: str
    city: str
    postal_code: str


class Seller(msgspec.Struct, frozen=True):
    """The airline: its names in Arabic and English, VAT number, commercial registration (CR)."""

    name: str
    arabic_name: str
    vat_number: str
    registration: str
    address: Address


class Buyer(msgspec.Struct, frozen=True):
    """A buyer who is registered for value added tax. May be one person: it is stored sealed."""

    name: str
    vat_number: str
    address: Address
