"""The policies with all their versions as staff see them."""

from collections.abc import Sequence

import msgspec

from application.commands.command import Outcome
from application.identity.ports import Principal
from application.policies.ports import PolicyPorts
from application.policies.read_book import read_book
from domain.identity import roles
from domain.policies import rejections
from domain.policies.state import Policy
from domain.policies.values import NAMES, OPERATING, PolicyName, stream_of


class PolicyDetails(msgspec.Struct, frozen=True):
    """A policy as the log has it; `replayed`: the answer of before."""

    policy: Policy
    replayed: bool = False


async def read_policies(ports: PolicyPorts) -> Sequence[PolicyDetails]:
    """Return all policies in their order; raises Unavailable."""
    book = await read_book(ports.bus)
    return [PolicyDetails(book.policies[name]) for name in NAMES]


async def read_policy(ports: PolicyPorts, name: str) -> PolicyDetails:
    """Return the policy of this name; rejects PolicyNotFound, raises Unavailable."""
    known = require_name(stream_of(name))
    return PolicyDetails((await read_book(ports.bus)).policies[known])


async def details_after(ports: PolicyPorts, outcome: Outcome) -> PolicyDetails:
    """Return the policy of an outcome, as the log has it now."""
    name = require_name(outcome.answer.stream)
    return PolicyDetails((await read_book(ports.bus)).policies[name], outcome.replayed)


def require_may_set(principal: Principal, name: PolicyName) -> None:
    """Require that the caller may set this policy: of most of them money depends.

    Rejects MoneyPolicy.
    """
    if name not in OPERATING and not roles.may(principal.role, "set_money_policies"):
        raise rejections.MoneyPolicy(reason="finance_only")


def require_name(policy_id: str) -> PolicyName:
    """Return the name of the policy of this stream; rejects PolicyNotFound."""
    name = policy_id.removeprefix(stream_of(""))
    if name not in NAMES:
        raise rejections.PolicyNotFound(field="name", reason="unknown_policy")
    return name
