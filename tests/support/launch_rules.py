"""The rules of the launch about operations, as decisions of the domain take them."""

from application.policies.operating_rules import authorisation_of, window_of
from domain.booking.hold_extension import Extension
from domain.inventory.sales_window import SaleLimits
from domain.policies.operating_values import (
    GATE_TIMES,
    HOLD_TIMES,
    MATERIAL_CHANGE,
    OVERBOOKING,
    PLACES_PER_FLIGHT,
    SALES_WINDOW,
)

HOLD, OFFER, SESSION = HOLD_TIMES.hold, HOLD_TIMES.offer, HOLD_TIMES.session
EXTENSION, LONGEST_EXTENSION = HOLD_TIMES.extension, HOLD_TIMES.longest_extension
EXTENDED_BY = Extension(EXTENSION, LONGEST_EXTENSION)
CLOSES = SALES_WINDOW.closes
INFANTS, WHEELCHAIRS = PLACES_PER_FLIGHT.infants, PLACES_PER_FLIGHT.wheelchairs
LIMITS = SaleLimits(CLOSES, INFANTS)
WINDOW = window_of(GATE_TIMES)
BOARDING_CLOSES = GATE_TIMES.boarding_closes
MATERIAL = MATERIAL_CHANGE.least
AUTHORISED = authorisation_of(OVERBOOKING)
