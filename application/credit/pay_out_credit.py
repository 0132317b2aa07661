"""Finance pays out a credit by bank transfer: one person proposes it, another one approves.

What is proposed cannot be spent until it is decided. Goodwill is never paid out.
"""

import datetime as dt

import msgspec

from application.booking.people import sealed_beside
from application.booking.record_bank_transfer import BankTransfer
from application.caller import Caller
from application.commands import stream_kinds
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.compensation.accept_claim import BankAccount
from application.credit import backing
from application.credit.ports import CreditPorts
from application.credit.read_credits import (
    CreditDetails,
    credit_of,
    read_credit,
    require_credit_id,
)
from application.payment.record_transfer import record_transfer
from domain.booking.rejections import PersonErased
from domain.compensation.claims import require_iban
from domain.credit import credits
from domain.credit.rejections import CreditNotFound
from domain.credit.state import Credit
from domain.kernel import entries, ids, sealed
from domain.ledger import credits as posting_rules


async def propose_payout(
    ports: CreditPorts, caller: Caller, credit_id: str, account: BankAccount
) -> tuple[CreditDetails, bool]:
    """Propose to pay out what is left; True for a replay. The caller's role was checked.

    Rejects CreditNotFound, InvalidAccount, PersonErased, and what the command does.
    """
    found = (await read_credit(ports, credit_id)).credit
    credits.require_payable_in_money(found)
    account = BankAccount(require_iban(account.iban), account.holder)
    box = await _sealed(ports, found, msgspec.json.encode(account))
    command = ProposePayout(credit_id=credit_id, account=box, by=caller.principal.user)
    return await _carry_out(ports, caller, credit_id, command)


async def _sealed(ports: CreditPorts, credit: Credit, account: bytes) -> sealed.Sealed:
    """Seal the account beside the contact of the booking; rejects PersonErased."""
    assert credit.booking is not None, "a gift card is never paid out"
    booking = (await ports.booking.bus.current(stream_kinds.BOOKING, credit.booking))[0]
    assert booking is not None, "a credit names a booking that exists"
    box = await sealed_beside(ports.booking.vault, booking.contact, account)
    if box is None:
        raise PersonErased(passenger=0)
    return box


async def decline_payout(
    ports: CreditPorts, caller: Caller, credit_id: str
) -> tuple[CreditDetails, bool]:
    """Refuse the payout: the credit can be spent again. Returns as `propose_payout` does.

    Rejects CreditNotFound and PayoutRefused.
    """
    require_credit_id(credit_id)
    command = DeclinePayout(credit_id=credit_id, by=caller.principal.user)
    return await _carry_out(ports, caller, credit_id, command)


async def approve_payout(
    ports: CreditPorts, caller: Caller, credit_id: str, transfer: BankTransfer
) -> tuple[CreditDetails, bool]:
    """Approve the payout and record its transfer. Returns as `propose_payout` does.

    Rejects CreditNotFound and PayoutRefused, also for the user who proposed it.
    """
    require_credit_id(credit_id)
    command = ApprovePayout(
        credit_id=credit_id,
        bank_reference=transfer.reference,
        paid_on=transfer.paid_on,
        by=caller.principal.user,
    )
    return await _carry_out(ports, caller, credit_id, command)


async def _carry_out(
    ports: CreditPorts, caller: Caller, credit_id: str, command: Command
) -> tuple[CreditDetails, bool]:
    if not ids.is_credit_id(credit_id):
        raise CreditNotFound()
    outcome = await ports.booking.bus.submit(caller.envelope(command))
    return await read_credit(ports, outcome.answer.stream), outcome.replayed


class ProposePayout(Command, frozen=True):
    """`account` is a sealed BankAccount, `by` the user."""

    credit_id: str
    account: sealed.Sealed
    by: str

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects CreditNotFound and PayoutRefused."""
        credit = credit_of(context.load(stream_kinds.CREDIT, self.credit_id))
        backing.require_payable(context, credit)
        proposed = credits.propose_payout(
            credit,
            account=self.account,
            by=self.by,
            now=context.now,
            today=entries.accounting_day(context.now),
        )
        context.record(self.credit_id, proposed)
        return Reply(self.credit_id)


class DeclinePayout(Command, frozen=True):
    """`by` is the user, who may be the one who proposed it."""

    credit_id: str
    by: str

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects CreditNotFound and PayoutRefused."""
        credit = credit_of(context.load(stream_kinds.CREDIT, self.credit_id))
        context.record(self.credit_id, credits.decline_payout(credit, by=self.by))
        return Reply(self.credit_id)


class ApprovePayout(Command, frozen=True):
    """The bank's id of the transfer and its value date; `by` is the user."""

    credit_id: str
    bank_reference: str
    paid_on: dt.date
    by: str

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects CreditNotFound, PayoutRefused and TransferUsed; the same transfer again records
        nothing.
        """
        credit = credit_of(context.load(stream_kinds.CREDIT, self.credit_id))
        # What came back since it was proposed is not paid out.
        amount = credit.balance if credit.payout is None else credit.payout.amount
        approved = credits.pay_out(
            credit,
            bank_reference=self.bank_reference,
            paid_on=self.paid_on,
            today=entries.accounting_day(context.now),
            by=self.by,
            entry=posting_rules.paid_out_entry(
                credit=self.credit_id, amount=amount, now=context.now
            ),
        )
        if approved:
            backing.require_payable(context, credit)
            record_transfer(context, bank_reference=self.bank_reference, pays=self.credit_id)
        context.record(self.credit_id, approved)
        return Reply(self.credit_id)
