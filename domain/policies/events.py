"""All events of a policy; the tags and fields are a storage contract."""

import datetime as dt
from typing import ClassVar, Literal

from domain.kernel.events import DomainEvent
from domain.policies.scope import Scope
from domain.policies.values import PolicyValue

# Free text could name a person, and the log keeps a reason for ever.
PublicationReason = Literal["commercial", "law", "correction", "rollback"]


class PolicyProposed(DomainEvent, frozen=True, omit_defaults=True):
    """A user proposed a version; it replaces a proposal that nobody has approved.

    `valid_from` is None where it should take effect as soon as it may.
    """

    tag: ClassVar[str] = "policy.proposed.1"
    number: int
    scope: Scope
    value: PolicyValue
    author: str
    reason: PublicationReason
    valid_from: dt.datetime | None = None


class PolicyPublished(DomainEvent, frozen=True):
    """Another user approved it: sales of the scope are made under it from `valid_from` on.

    Versions count from 2 in each policy: 1 is the value of the launch. A rule about operations has
    no approver: its author published it alone.
    """

    tag: ClassVar[str] = "policy.published.1"
    version: int
    scope: Scope
    value: PolicyValue
    valid_from: dt.datetime
    author: str
    approver: str | None
    reason: PublicationReason


PolicyEvent = PolicyProposed | PolicyPublished
