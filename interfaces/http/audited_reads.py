"""Every request of an auditor is recorded before it is answered; without the record, no answer."""

from typing import Any, Literal

from domain.identity.roles import Permission
from interfaces.http import correlation
from interfaces.http.strict_request import StrictRequest

TEXT_LIMIT = 500


async def record(request: StrictRequest, permission: Permission | None, address: str) -> None:
    """Record who asks what, if an auditor or what only auditors read; raises Unavailable."""
    principal = request.principal
    if principal.role != "auditor" and permission != "read_audit":
        return
    scope = request.scope
    action: Literal["audit.exported", "audit.asked"] = (
        "audit.exported" if scope["path"].endswith("/export") else "audit.asked"
    )
    query = scope["query_string"].decode("latin-1")[:TEXT_LIMIT]
    change: dict[str, Any] = {"query": query} if query else {}
    agent = correlation.exchange_of(scope).headers.get(b"user-agent", b"")
    await request.ports.audit.record.add(
        actor=f"{principal.role}:{principal.user}",
        action=action,
        resource=f"{scope['method']} {scope['path']}"[:TEXT_LIMIT],
        change=change,
        address=address,
        agent=agent.decode("latin-1")[:TEXT_LIMIT],
        correlation_id=request.correlation_id,
    )
