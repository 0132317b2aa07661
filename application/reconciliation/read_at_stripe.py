"""Read the balance transactions of a break again, one by one, as they are now at Stripe."""

from collections.abc import Sequence

from application.payment import gateway as failures
from application.reconciliation.ports import ReconciliationPorts
from application.settlement.gateway import ListedTransaction
from domain.reconciliation import rejections
from domain.reconciliation.breaks import Break


async def read_transactions(
    ports: ReconciliationPorts, found: Break
) -> Sequence[ListedTransaction]:
    """Return the transactions of the break's evidence.

    Rejects RemedyNotAllowed where Stripe has one of them no more; raises the failures of the
    gateway.
    """
    try:
        return [await ports.stripe.transaction(each) for each in found.evidence.provider_ids]
    except failures.GatewayRejected as refusal:
        if refusal.code != failures.RESOURCE_MISSING:
            raise
        raise rejections.RemedyNotAllowed(field="decision", reason="not_at_stripe") from None
