"""Every command decides for itself and names the streams that its decision reads."""

import datetime as dt

import pytest

from application.booking.allocate_external_refund import AllocateExternalRefund
from application.booking.cancel_booking import CancelBooking
from application.booking.create_booking import CreateBooking
from application.booking.modify_booking import ModifyBooking
from application.booking.order_extras import OrderExtras
from application.booking.record_bank_transfer import RecordBankTransfer
from application.booking.refund_extra import RefundExtra
from application.booking.resend_refund import ResendRefund
from application.booking.split_checkout import SplitCheckout
from application.commands.command import STREAM_FIELDS, Command
from application.credit.open_gift_card_checkout import StartGiftCardCheckout
from application.credit.order_gift_card import OrderGiftCard
from application.credit.refund_gift_card import RefundGiftCard
from application.credit.spend_credit import SpendCredit
from application.invoicing.issue_documents import IssueTaxDocuments
from application.invoicing.record_buyer import RecordTaxBuyer
from application.invoicing.report_documents import RecordTaxReport
from application.payment.record_capture import RecordCapture
from application.payment.record_signed_fact import RecordSignedFact
from application.payment.record_unmatched import RecordUnmatchedMoney
from application.payment.refund_payment import RefundPayment
from application.payment.start_checkout import StartCheckout
from application.pricing.journeys import WantedSegment
from application.privacy.carry_out_erasure import RecordErasure
from application.reconciliation.append_from_stripe import AppendFromStripe
from application.reconciliation.approve_remedy import ApproveRemedy
from application.reconciliation.import_bank_lines import ImportBankLines
from application.reconciliation.propose_refund import ProposeRefund
from application.reconciliation.propose_remedy import ProposeRemedy
from application.reconciliation.run_reconciliation import RecordDay
from application.settlement.compare_balance import RecordComparison
from application.settlement.record_payout import ReconcilePayout, RecordPayout
from application.settlement.record_transaction import RecordTransaction
from domain.kernel import sealed
from tests.support.command_types import command_types
from tests.support.examples import BOOKING, FLIGHT, PAYMENT, sar
from tests.support.memory_airline import MemoryAirline

COMMANDS = sorted(command_types(), key=lambda each: each.__name__)
NAMES_STREAMS_ITSELF = {
    AllocateExternalRefund,
    RecordSignedFact,
    AppendFromStripe,
    ApproveRemedy,
    CancelBooking,
    CreateBooking,
    ImportBankLines,
    IssueTaxDocuments,
    ModifyBooking,
    OrderExtras,
    OrderGiftCard,
    RefundExtra,
    RecordBankTransfer,
    ProposeRefund,
    ProposeRemedy,
    RecordCapture,
    RecordComparison,
    RecordDay,
    RecordErasure,
    RecordPayout,
    ReconcilePayout,
    RecordTransaction,
    RecordTaxBuyer,
    RecordTaxReport,
    RecordUnmatchedMoney,
    RefundGiftCard,
    RefundPayment,
    ResendRefund,
    SpendCredit,
    SplitCheckout,
    StartCheckout,
    StartGiftCardCheckout,
}


def by_default() -> list[type[Command]]:
    return [each for each in COMMANDS if each.streams is Command.streams]


def test_the_commands_of_all_contexts_are_found() -> None:
    assert len(COMMANDS) > 30
    assert {each.__module__.split(".")[1] for each in COMMANDS} == {
        "booking",
        "compensation",
        "credit",
        "inventory",
        "ledger",
        "invoicing",
        "payment",
        "policies",
        "privacy",
        "reconciliation",
        "settlement",
    }


@pytest.mark.parametrize("command_type", COMMANDS)
def test_a_command_has_a_decision_of_its_own(command_type: type[Command]) -> None:
    assert command_type.decide is not Command.decide
    assert not getattr(command_type.decide, "__isabstractmethod__", False)


@pytest.mark.parametrize("command_type", COMMANDS)
def test_a_field_that_holds_a_stream_is_named_as_an_id(command_type: type[Command]) -> None:
    fields = set(command_type.__struct_fields__)
    assert not fields & {name.removesuffix("_id") for name in STREAM_FIELDS}
    assert {name for name in fields if name.endswith("_id")} <= set(STREAM_FIELDS)


@pytest.mark.parametrize("command_type", by_default())
def test_by_default_a_command_names_every_stream_whose_id_it_holds(
    command_type: type[Command],
) -> None:
    command = command_type(**{name: name for name in command_type.__struct_fields__})
    held = {name for name in command_type.__struct_fields__ if name.endswith("_id")}
    assert held
    assert set(command.streams) == held
    assert len(command.streams) == len(held)


def test_only_commands_whose_streams_are_no_fields_of_theirs_name_them_otherwise() -> None:
    assert set(COMMANDS) - set(by_default()) == NAMES_STREAMS_ITSELF


def test_a_cancellation_names_the_booking_of_its_quote() -> None:
    airline = MemoryAirline()
    booking = airline.ticketed(airline.schedule("SV1"))
    assert CancelBooking(airline.quote_cancellation(booking), "x").streams == (booking,)


def test_a_modification_names_the_booking_and_the_new_flight_of_its_quote() -> None:
    airline = MemoryAirline()
    booking = airline.ticketed(airline.schedule("SV1"))
    to = airline.schedule("SV2")
    assert ModifyBooking(airline.quote_modification(booking, to), "065", ()).streams == (
        booking,
        to,
    )


def test_a_new_booking_names_its_flights() -> None:
    command = CreateBooking(
        owner="user-1",
        wanted=(WantedSegment(FLIGHT, "Y"), WantedSegment("flight-SV2-2026-11-25", "Y")),
        passengers=(),
        contact=sealed.Sealed("c", b""),
        keys=(),
        quoted_until=dt.datetime(2026, 11, 20, tzinfo=dt.UTC),
    )
    assert command.streams == (FLIGHT, "flight-SV2-2026-11-25")


def test_a_checkout_names_the_booking_and_its_first_payment() -> None:
    assert StartCheckout(BOOKING).streams == (BOOKING, PAYMENT)


def test_a_refund_names_the_payments_that_it_draws_from() -> None:
    payments = (f"{BOOKING}-2", PAYMENT)
    assert RefundPayment(BOOKING, "o", sar(1), payments).streams == payments


def test_credit_names_the_booking_its_first_payment_and_the_credit() -> None:
    assert SpendCredit(BOOKING, "credit-1", "user_1").streams == (BOOKING, PAYMENT, "credit-1")


def test_a_gift_card_names_itself_and_its_payment_and_a_new_one_nothing() -> None:
    streams = ("credit-1", "payment-credit-1-1")
    assert StartGiftCardCheckout("credit-1").streams == streams
    assert RefundGiftCard("credit-1").streams == streams
    details = sealed.Sealed("c", b"")
    assert OrderGiftCard("user_1", sar(1), details, "digest", ()).streams == ()
