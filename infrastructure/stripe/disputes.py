"""Disputes and fraud warnings on the official SDK: what is read of their JSON, and the evidence.

A status word that we do not know is refused by the type. Evidence is sent as texts; files are added
at Stripe's dashboard.
"""

import datetime as dt
from collections.abc import Mapping

import msgspec

from application.payment import dispute_gateway
from application.payment.dispute_gateway import (
    DisputeTransaction,
    FraudWarning,
    ProviderDispute,
)
from domain.kernel import money
from infrastructure.stripe.calls import Endpoint, StripeCalls

PAGE_SIZE = 100


class Transaction(msgspec.Struct, frozen=True):
    """What is read of a balance transaction; in the settlement currency."""

    id: str
    amount: int
    fee: int
    currency: str


class EvidenceDetails(msgspec.Struct, frozen=True):
    """Until when evidence counts (0: the bank takes none), and how often it was submitted."""

    due_by: int | None = None
    submission_count: int = 0


class Dispute(msgspec.Struct, frozen=True):
    """What is read of a dispute."""

    id: str
    status: dispute_gateway.ProviderStatus
    amount: int
    currency: str
    reason: str
    charge: str
    evidence_details: EvidenceDetails
    payment_intent: str | None = None
    balance_transactions: tuple[Transaction, ...] = ()


class DisputePage(msgspec.Struct, frozen=True):
    """A page of disputes, the newest first."""

    data: list[Dispute]


class EarlyFraudWarning(msgspec.Struct, frozen=True):
    """What is read of an early fraud warning."""

    id: str
    charge: str
    fraud_type: str
    payment_intent: str | None = None


class Charge(msgspec.Struct, frozen=True):
    """What is read of a charge."""

    id: str
    payment_intent: str | None = None


READ_DISPUTE = Endpoint("get", "/v1/disputes/{id}", Dispute)
LIST_DISPUTES = Endpoint("get", "/v1/disputes", DisputePage)
UPDATE_DISPUTE = Endpoint("post", "/v1/disputes/{id}", Dispute)
READ_WARNING = Endpoint("get", "/v1/radar/early_fraud_warnings/{id}", EarlyFraudWarning)
READ_CHARGE = Endpoint("get", "/v1/charges/{id}", Charge)


class StripeDisputeGateway:
    """Implements DisputeGateway."""

    def __init__(self, calls: StripeCalls) -> None:
        self._calls = calls

    async def dispute(self, dispute_id: str) -> ProviderDispute:
        """See DisputeGateway."""
        return provider_dispute((await self._calls.send(READ_DISPUTE, dispute_id)).content)

    async def find_disputes(self, payment_intent: str) -> list[ProviderDispute]:
        """See DisputeGateway."""
        params = {"payment_intent": payment_intent, "limit": PAGE_SIZE}
        page = (await self._calls.send(LIST_DISPUTES, params=params)).content
        return [provider_dispute(each) for each in page.data]

    async def fraud_warning(self, warning_id: str) -> FraudWarning:
        """See DisputeGateway."""
        read = (await self._calls.send(READ_WARNING, warning_id)).content
        return FraudWarning(
            id=read.id,
            charge=read.charge,
            payment_intent=read.payment_intent,
            fraud_type=read.fraud_type,
        )

    async def intent_of_charge(self, charge_id: str) -> str | None:
        """See DisputeGateway."""
        return (await self._calls.send(READ_CHARGE, charge_id)).content.payment_intent

    async def submit_evidence(
        self, dispute_id: str, evidence: Mapping[str, str], *, key: str
    ) -> ProviderDispute:
        """See DisputeGateway; a repeat of the key is answered with the dispute as it is now."""
        params = {"evidence": dict(evidence), "submit": True}
        sent = await self._calls.send(UPDATE_DISPUTE, dispute_id, params=params, key=key)
        if sent.replayed:
            return await self.dispute(dispute_id)
        return provider_dispute(sent.content)


def provider_dispute(read: Dispute) -> ProviderDispute:
    """Return the dispute as the port has it."""
    due_by = read.evidence_details.due_by
    return ProviderDispute(
        id=read.id,
        status=read.status,
        amount=money.Money(read.amount, read.currency.upper()),
        reason=read.reason,
        charge=read.charge,
        payment_intent=read.payment_intent,
        evidence_due_at=dt.datetime.fromtimestamp(due_by, dt.UTC) if due_by else None,
        submission_count=read.evidence_details.submission_count,
        transactions=tuple(
            DisputeTransaction(
                id=each.id,
                amount=money.Money(each.amount, each.currency.upper()),
                fee=money.Money(each.fee, each.currency.upper()),
            )
            for each in read.balance_transactions
        ),
    )
