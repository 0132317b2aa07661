"""Sensitive actions: what auditors are shown of them, and the ports that record and find them."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

import msgspec

Origin = Literal["log", "identity", "stored"]
"""Where an action is recorded: the log, the record of authentication, or the record of actions."""

ORIGINS: tuple[Origin, ...] = ("log", "identity", "stored")

# Events that are sensitive where staff caused them; the log has them, so they are not stored twice.
SENSITIVE_EVENTS = (
    "booking.cancelled.1",
    "booking.check_in_withdrawn.1",
    "booking.coupons_cancelled.1",
    "booking.coupons_voided.1",
    "booking.departure_withdrawn.1",
    "booking.disruption_answered.1",
    "booking.divided.1",
    "booking.modification_accepted.1",
    "booking.name_corrected.1",
    "booking.refund_granted.1",
    "claim.credited.1",
    "claim.paid.1",
    "claim.withdrawn.1",
    "credit.blocked.1",
    "credit.gift_card_refunded.1",
    "credit.issued.1",
    "credit.payout_approved.1",
    "credit.payout_declined.1",
    "credit.payout_proposed.1",
    "credit.reinstated.1",
    "credit.unblocked.1",
    "flight.cancelled.1",
    "flight.departure_withdrawn.1",
    "flight.equipment_changed.1",
    "flight.reinstated.1",
    "flight.rescheduled.1",
    "payment.dispute_evidence_submitted.1",
    "payment.external_refund_allocated.1",
    "payment.parked_funds_allocated.1",
    "payment.refund_covered.1",
    "payment.refund_requested.1",
    "payment.refund_resumed.1",
    "payment.refund_transferred.1",
    "period.closed.1",
    "period.reopened.1",
    "period.reopening_asked.1",
    "policy.proposed.1",
    "policy.published.1",
    "reconciliation.break_resolved.1",
    "reconciliation.facts_appended.1",
    "reconciliation.refund_approved.1",
    "reconciliation.refund_proposed.1",
    "reconciliation.remedy_approved.1",
    "reconciliation.remedy_declined.1",
    "reconciliation.remedy_proposed.1",
)


class Action(msgspec.Struct, frozen=True):
    """Who did what to what. `id` counts within `origin`; of the log it is the position.

    `actor` is role and user id, `operator` for a command of the shell; the record of authentication
    has the user id alone, `nobody` without a user. `change` are the fields of the event without
    ciphertext, or the question that was asked. `source` and `agent` are the client's address and
    program as keyed hashes in hex: equal for equal ones, and unreadable.
    """

    origin: Origin
    id: int
    at: dt.datetime
    actor: str
    action: str
    resource: str
    change: Mapping[str, Any]
    source: str | None
    agent: str | None
    correlation_id: str


class ActionFilter(msgspec.Struct, frozen=True):
    """Which actions; each field that is None asks for any. `user` is a user's id."""

    user: str | None = None
    action: str | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None


class ActionSlice(msgspec.Struct, frozen=True):
    """Actions of one origin, the newest first: all that fit, down to the id `floor` of `floor_at`.

    `floor_at` is None where the origin has nothing older that could fit.
    """

    actions: Sequence[Action]
    floor: int
    floor_at: dt.datetime | None


class AuditedActions(Protocol):
    """Finds sensitive actions. All methods raise Unavailable."""

    async def find(
        self, origin: Origin, chosen: ActionFilter, *, before: int | None, limit: int
    ) -> ActionSlice:
        """Return at most `limit` actions with ids below `before`; examines a bounded number."""
        ...


class ActionRecord(Protocol):
    """Records what the log does not have."""

    async def add(
        self,
        *,
        actor: str,
        action: str,
        resource: str,
        change: Mapping[str, Any],
        address: str,
        agent: str,
        correlation_id: str,
    ) -> None:
        """Record it before its effect; raises Unavailable, and then nothing may happen.

        The address and the agent are stored as keyed hashes.
        """
        ...


class ExportSigner(Protocol):
    """Signs an export, so that a change of it shows."""

    def sign(self, content: bytes) -> str:
        """Return the signature without the content (RFC 7515, appendix F)."""
        ...
