"""Which handler carries out which command: the one table of use cases."""

from application.booking.cancel_booking import CancelBooking, cancel_booking
from application.booking.check_in import Board, CheckIn, board, check_in
from application.booking.choose_seats import ChooseSeats, ReviewSeats, choose_seats, review_seats
from application.booking.close_flight import CloseFlight, close_flight
from application.booking.complete_change import (
    AbandonChange,
    CompleteChange,
    ExpireChange,
    abandon_change,
    complete_change,
    expire_change,
)
from application.booking.confirm_booking import ConfirmBooking, confirm_booking
from application.booking.correct_name import CorrectName, correct_name
from application.booking.create_booking import CreateBooking, create_booking
from application.booking.disruption import (
    AcceptDisruption,
    RefundDisruption,
    TellDisruption,
    accept_disruption,
    refund_disruption,
    tell_disruption,
)
from application.booking.expire_booking import ExpireBooking, expire_booking
from application.booking.grant_refund import GrantRefund, grant_refund
from application.booking.hold_booking import HoldBooking, hold_booking
from application.booking.modify_booking import ModifyBooking, modify_booking
from application.booking.offer_seats import OfferSeats, offer_seats
from application.booking.record_document import RecordDocument, record_document
from application.inventory.cancel_flight import CancelFlight, cancel_flight
from application.inventory.change_equipment import ChangeEquipment, change_equipment
from application.inventory.depart_flight import DepartFlight, depart_flight
from application.inventory.reschedule_flight import RescheduleFlight, reschedule_flight
from application.inventory.schedule_flight import ScheduleFlight, schedule_flight
from application.payment.record_attempt import RecordAttempt, record_attempt
from application.payment.record_capture import RecordCapture, record_capture
from application.payment.record_refund import RecordRefund, record_refund
from application.payment.refund_payment import RefundPayment, refund_payment
from application.payment.start_checkout import StartCheckout, start_checkout
from application.planning import Handler

HANDLERS: dict[type, Handler] = {
    ScheduleFlight: schedule_flight,
    ChangeEquipment: change_equipment,
    RescheduleFlight: reschedule_flight,
    CancelFlight: cancel_flight,
    DepartFlight: depart_flight,
    CreateBooking: create_booking,
    HoldBooking: hold_booking,
    ConfirmBooking: confirm_booking,
    ExpireBooking: expire_booking,
    CancelBooking: cancel_booking,
    ModifyBooking: modify_booking,
    CompleteChange: complete_change,
    AbandonChange: abandon_change,
    ExpireChange: expire_change,
    CorrectName: correct_name,
    ChooseSeats: choose_seats,
    ReviewSeats: review_seats,
    RecordDocument: record_document,
    CheckIn: check_in,
    Board: board,
    CloseFlight: close_flight,
    TellDisruption: tell_disruption,
    AcceptDisruption: accept_disruption,
    RefundDisruption: refund_disruption,
    OfferSeats: offer_seats,
    GrantRefund: grant_refund,
    StartCheckout: start_checkout,
    RecordAttempt: record_attempt,
    RecordCapture: record_capture,
    RefundPayment: refund_payment,
    RecordRefund: record_refund,
}
