"""The rules of the launch about operations, as decisions of the domain take them."""

from application.policies.operating_rules import authorisation_of
from domain.booking.hold_extension import Extension
from domain.policies.operating_values import HOLD_TIMES, OVERBOOKING, SALES_WINDOW

HOLD, OFFER, SESSION = HOLD_TIMES.hold, HOLD_TIMES.offer, HOLD_TIMES.session
EXTENSION, LONGEST_EXTENSION = HOLD_TIMES.extension, HOLD_TIMES.longest_extension
EXTENDED_BY = Extension(EXTENSION, LONGEST_EXTENSION)
CLOSES = SALES_WINDOW.closes
AUTHORISED = authorisation_of(OVERBOOKING)
