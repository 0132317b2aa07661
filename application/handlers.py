"""Which handler carries out which command: the one table of use cases."""

from application.booking.confirm_booking import ConfirmBooking, confirm_booking
from application.booking.create_booking import CreateBooking, create_booking
from application.booking.expire_booking import ExpireBooking, expire_booking
from application.inventory.schedule_flight import ScheduleFlight, schedule_flight
from application.payment.record_attempt import RecordAttempt, record_attempt
from application.payment.record_capture import RecordCapture, record_capture
from application.payment.start_checkout import StartCheckout, start_checkout
from application.planning import Handler

HANDLERS: dict[type, Handler] = {
    ScheduleFlight: schedule_flight,
    CreateBooking: create_booking,
    ConfirmBooking: confirm_booking,
    ExpireBooking: expire_booking,
    StartCheckout: start_checkout,
    RecordAttempt: record_attempt,
    RecordCapture: record_capture,
}
