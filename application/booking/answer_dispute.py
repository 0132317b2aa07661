"""Answer a dispute: compile the evidence, and pass it on to the bank as a second step.

A bank takes evidence once. So it is compiled as often as finance likes, and submitted by a request
that says so; the key of the request is Stripe's, so that a repeat submits nothing more.
"""

import asyncio

import msgspec

from application.booking.evidence import (
    Evidence,
    EvidencePrinter,
    compile_evidence,
    texts_of,
)
from application.booking.learn_disputes import DisputeLearner
from application.booking.ports import BookingPorts
from application.caller import Caller
from application.payment.gateway import GatewayRejected
from application.queries import FindDispute, ListedDispute, UndecidedDisputes
from domain.payment import rejections
from domain.payment.dispute_state import UNDECIDED


class DisputePorts(msgspec.Struct, frozen=True):
    """What use cases of disputes need from outside."""

    booking: BookingPorts
    undecided: UndecidedDisputes
    find: FindDispute
    learner: DisputeLearner
    printer: EvidencePrinter


async def read_evidence(ports: DisputePorts, dispute_id: str) -> Evidence:
    """Return the evidence for the dispute, also for one that has ended. Rejects DisputeNotFound."""
    return await compile_evidence(ports.booking, await _found(ports, dispute_id))


async def print_evidence(ports: DisputePorts, dispute_id: str) -> bytes:
    """Return the evidence as a PDF. Rejects DisputeNotFound."""
    evidence = await read_evidence(ports, dispute_id)
    return await asyncio.to_thread(ports.printer.pdf, evidence)


async def submit_evidence(ports: DisputePorts, caller: Caller, dispute_id: str) -> Evidence:
    """Compile the evidence and submit it to the bank, and record how the dispute stands then.

    Rejects DisputeNotFound, and DisputeNotOpen where the bank has decided, has evidence already or
    takes none; raises GatewayFailure.
    """
    listed = await _found(ports, dispute_id)
    if listed.stage not in UNDECIDED or listed.evidence_due_at is None:
        raise rejections.DisputeNotOpen(reason=listed.stage)
    if listed.evidence_due_at <= ports.booking.clock():
        raise rejections.DisputeNotOpen(reason="evidence_is_past_due")
    evidence = await compile_evidence(ports.booking, listed)
    try:
        reported = await ports.learner.disputes.submit_evidence(
            dispute_id, texts_of(evidence), key=f"evidence:{caller.command_id}"
        )
    except GatewayRejected as refusal:
        raise rejections.DisputeNotOpen(reason=refusal.code) from refusal
    await ports.learner.record(reported, cause=caller.cause)
    return evidence


async def _found(ports: DisputePorts, dispute_id: str) -> ListedDispute:
    listed = await ports.find(dispute_id)
    if listed is None:
        raise rejections.DisputeNotFound()
    return listed
