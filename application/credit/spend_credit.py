"""Pay what is due for a booking, or for an accepted change, with travel credit.

Credit that pays all of it is a payment like any other: tickets are issued in the same append, and
Stripe is not asked. Of a part, a checkout collects the rest.
"""

from application.booking import live_session
from application.booking.access import visible_booking
from application.booking.booking_details import BookingDetails, carry_out_and_read
from application.booking.ports import BookingPorts
from application.booking.stored_answer import stored_answer_first
from application.caller import Caller
from application.commands import stream_kinds
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.credit import backing
from application.credit.read_credits import require_credit_id
from application.payment.record_capture import apply_kept
from application.payment.start_checkout import payable_in_parts, requested_payment
from application.policies.rules_now import load_rule
from domain.booking import sale
from domain.booking.state import Booking
from domain.credit import credits
from domain.credit.rejections import CreditNotFound
from domain.credit.state import Credit
from domain.kernel import ids, money
from domain.ledger import credits as posting
from domain.payment import credit_parts
from domain.payment.rejections import CreditPartRefused
from domain.payment.state import Payment
from domain.policies.money_values import LeastCharges


@stored_answer_first
async def spend_credit(
    ports: BookingPorts,
    caller: Caller,
    id_or_reference: str,
    credit_id: str,
    amount: money.Money | None,
) -> BookingDetails:
    """Spend a credit of the caller on what is due; by default as much as is outstanding.

    A live session is expired first: it would collect more than the rest. If it has been paid, that
    counts. Rejects what the command does, and AttemptPending; raises GatewayFailure.
    """
    booking_id, booking = await visible_booking(ports, caller.principal, id_or_reference)
    require_credit_id(credit_id)
    await _require_spendable(ports, caller, booking, credit_id)
    await live_session.expire(ports.bus, ports.collector, booking_id, booking, cause=caller.cause)
    command = SpendCredit(
        booking_id=booking_id, credit_id=credit_id, user=caller.principal.user, amount=amount
    )
    return await carry_out_and_read(ports, caller, command)


async def _require_spendable(
    ports: BookingPorts, caller: Caller, booking: Booking, credit_id: str
) -> None:
    """Refuse a credit that cannot pay before a session is expired for it."""
    credit = (await ports.bus.current(stream_kinds.CREDIT, credit_id))[0]
    found = _require_own(credit, caller.principal.user)
    now = ports.clock()
    sale.require_checkout(booking, now=now)
    credits.require_spendable(found, currency=booking.currency, now=now)


class SpendCredit(Command, frozen=True):
    """Let this credit of this user pay `amount` of what is due, or as much as it can."""

    booking_id: str
    credit_id: str
    user: str
    amount: money.Money | None = None

    @property
    def streams(self) -> tuple[str, ...]:
        """The booking, its first payment and the credit."""
        payment_id = ids.payment_stream(self.booking_id, ids.FIRST_PAYMENT)
        return (self.booking_id, payment_id, self.credit_id)

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects BookingNotFound, CreditNotFound, BookingHasExpired, NothingDue, AlreadyPaid,
        AttemptPending, CreditNotSpendable, CreditPartRefused, and TransitionRefused for a booking
        on the waitlist.
        """
        credit = _require_own(context.load(stream_kinds.CREDIT, self.credit_id), self.user)
        backing.require_spendable(context, credit)
        booking = payable_in_parts(context, self.booking_id)
        payment_id, payment = requested_payment(context, self.booking_id, booking)
        credit_parts.require_no_session(payment)
        amount = _amount(self, credit, payment, context)
        _spend(context, self, payment_id, payment, credit, amount)
        if amount == payment.outstanding():
            _pay(context, self.booking_id, payment_id)
        return Reply(self.booking_id)


def _require_own(credit: Credit | None, user: str) -> Credit:
    if credit is None or credit.owner != user:
        raise CreditNotFound()
    return credit


def _amount(
    command: SpendCredit, credit: Credit, payment: Payment, context: DecisionContext
) -> money.Money:
    currency = payment.due.currency
    wanted = command.amount
    asked = currency if wanted is None else wanted.currency
    credits.require_spendable(credit, currency=currency, now=context.now)
    if asked != currency:
        raise CreditPartRefused(field="amount.currency", reason=f"{currency} is expected")
    return credit_parts.amount_to_apply(
        payment,
        available=credits.spendable(credit, now=context.now),
        wanted=None if wanted is None else wanted.amount,
        least=load_rule(context, LeastCharges).least(currency),
    )


def _spend(
    context: DecisionContext,
    command: SpendCredit,
    payment_id: str,
    payment: Payment,
    credit: Credit,
    amount: money.Money,
) -> None:
    use = ids.credit_use_id(payment_id, len(payment.credit_parts) + 1)
    spent = credits.spend(
        credit,
        use=use,
        booking=command.booking_id,
        payment=payment_id,
        amount=amount,
        now=context.now,
        entry=posting.spent_entry(
            credit=command.credit_id,
            booking=command.booking_id,
            amount=amount,
            now=context.now,
        ),
    )
    context.record(command.credit_id, spent)
    applied = credit_parts.apply(payment, credit=command.credit_id, use=use, amount=amount)
    context.record(payment_id, applied)


def _pay(context: DecisionContext, booking_id: str, payment_id: str) -> None:
    """Credit made up what was due: parts that were paid by card before pay with it."""
    apply_kept(context, payment_id)
    booking = context.load(stream_kinds.BOOKING, booking_id)
    payment = context.load(stream_kinds.PAYMENT, payment_id)
    assert booking is not None
    assert payment is not None
    context.record(booking_id, sale.pay(booking, payment=payment_id, captured=payment.due))
