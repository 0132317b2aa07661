"""Reads a payout with its transactions."""

from application.queries import AsOf
from application.settlement.ports import PayoutDetails, SettlementPorts
from domain.settlement.rejections import PayoutNotFound


async def read_payout(ports: SettlementPorts, payout: str) -> tuple[PayoutDetails, AsOf]:
    """Return the payout with this id at Stripe; rejects PayoutNotFound, raises Unavailable."""
    found, as_of = await ports.payout(payout)
    if found is None:
        raise PayoutNotFound()
    return found, as_of
