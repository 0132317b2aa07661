"""Recorded before the answer: each request of an auditor, and a waiver that staff offers.

Without the record there is no answer.
"""

from collections.abc import Mapping
from typing import Any, Literal

from domain.identity.roles import Permission
from domain.kernel import ids
from interfaces.http import correlation
from interfaces.http.strict_request import StrictRequest

TEXT_LIMIT = 500


async def record(request: StrictRequest, permission: Permission | None, address: str) -> None:
    """Record who asks what, if an auditor or what only auditors read; raises Unavailable."""
    if request.principal.role != "auditor" and permission != "read_audit":
        return
    scope = request.scope
    action: Literal["audit.exported", "audit.asked"] = (
        "audit.exported" if scope["path"].endswith("/export") else "audit.asked"
    )
    query = scope["query_string"].decode("latin-1")[:TEXT_LIMIT]
    resource = f"{scope['method']} {scope['path']}"[:TEXT_LIMIT]
    await _add(request, action, resource, {"query": query} if query else {}, address)


async def record_waiver(
    request: StrictRequest,
    booking_id: str,
    kind: Literal["cancellation", "modification"],
    address: str,
) -> None:
    """Record that staff offers terms without a fee; raises Unavailable.

    Whoever accepts them causes the event, so the log alone does not say who offered them. What
    staff wrote is in the event, sealed.
    """
    resource = ids.booking_id_of(booking_id) or ""
    await _add(request, "waiver.offered", resource, {"kind": kind}, address)


async def _add(
    request: StrictRequest, action: str, resource: str, change: Mapping[str, Any], address: str
) -> None:
    principal = request.principal
    agent = correlation.exchange_of(request.scope).headers.get(b"user-agent", b"")
    await request.ports.audit.record.add(
        actor=principal.actor,
        action=action,
        resource=resource,
        change=change,
        address=address,
        agent=agent.decode("latin-1")[:TEXT_LIMIT],
        correlation_id=request.correlation_id,
    )
