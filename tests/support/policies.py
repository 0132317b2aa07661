"""Versions of policies that tests publish."""

import asyncio
import datetime as dt

from application.policies.approve_policy import ApprovePolicy
from application.policies.ports import PolicyPorts
from application.policies.preview_policy import (
    LAST_WEEK,
    Period,
    PolicyPreview,
    preview_policy,
)
from application.policies.propose_policy import ProposePolicy
from application.policies.wanted_version import WantedVersion
from domain.policies.bands import FeeBand
from domain.policies.publication import LEAST_LEAD
from domain.policies.scope import EVERYWHERE, Scope
from domain.policies.values import (
    CancellationFees,
    ChangeFees,
    PolicyValue,
    name_of,
    stream_of,
)
from tests.support.memory_airline import MemoryAirline
from tests.support.memory_audited_log import MemoryAuditedLog
from tests.support.memory_processes import MemoryBus

AUTHOR, APPROVER = "user_author", "user_approver"


def cancellation(percent: int, *, after_departure: int = 100) -> CancellationFees:
    """The same share at any notice."""
    return CancellationFees((FeeBand(0, percent),), after_departure)


def change(percent: int) -> ChangeFees:
    """The same share at any notice."""
    return ChangeFees((FeeBand(0, percent),))


def proposal(
    value: PolicyValue, *, scope: Scope = EVERYWHERE, valid_from: dt.datetime | None = None
) -> ProposePolicy:
    """The author proposes a version."""
    stream = stream_of(name_of(value))
    return ProposePolicy(stream, value, AUTHOR, "commercial", scope, valid_from)


def publish(
    airline: MemoryAirline,
    value: PolicyValue,
    *,
    scope: Scope = EVERYWHERE,
    valid_from: dt.datetime | None = None,
) -> int:
    """Publish a version, by two persons where money depends on it. Its number.

    Without a date it is in force afterwards.
    """
    wanted = proposal(value, scope=scope, valid_from=valid_from)
    airline.submit(wanted)
    waiting = airline.log.state(wanted.policy_id).proposal
    if waiting is not None:
        airline.submit(ApprovePolicy(wanted.policy_id, waiting.number, APPROVER))
    if valid_from is None:
        airline.clock.advance(LEAST_LEAD)
    return int(airline.log.state(wanted.policy_id).versions[-1].number)


def policy_ports(airline: MemoryAirline) -> PolicyPorts:
    """What use cases of policies need, on the log of an airline in memory."""
    return PolicyPorts(MemoryBus(airline), MemoryAuditedLog(airline.log), airline.clock)


def previewed(
    airline: MemoryAirline,
    value: PolicyValue,
    *,
    scope: Scope = EVERYWHERE,
    period: Period = LAST_WEEK,
    limit: int | None = None,
) -> PolicyPreview:
    """What a version would change a second from now, and that the preview records nothing."""
    airline.wait(seconds=1)
    before = len(airline.log.events)
    wanted = WantedVersion(value, scope)
    found = asyncio.run(preview_policy(policy_ports(airline), wanted, period=period, limit=limit))
    assert len(airline.log.events) == before
    return found
