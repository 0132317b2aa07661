"""What the use cases of travel credit need from outside."""

import msgspec

from application.booking.ports import BookingPorts
from application.queries import CreditsOf


class CreditPorts(msgspec.Struct, frozen=True):
    """`booking` are those of bookings; `credits_of` asks the read model `credits`."""

    booking: BookingPorts
    credits_of: CreditsOf
