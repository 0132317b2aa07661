"""`ais policies`: the airline's own rules; propose a version for finance to approve, or publish
one about operations.
"""

import asyncio
import datetime as dt
import secrets
import sys
import uuid
from collections.abc import Awaitable, Callable
from difflib import unified_diff
from pathlib import Path
from typing import Annotated, Any

import msgspec
import uvloop
from cyclopts import App, Parameter

from application.commands.command import CommandEnvelope
from application.policies.ports import PolicyPorts
from application.policies.propose_policy import ProposePolicy
from application.policies.read_policies import read_policies, read_policy
from application.policies.value_json import members_of, value_from
from application.ports import Unavailable
from domain.kernel.rejections import Rejection
from domain.policies import publication
from domain.policies.events import PublicationReason
from domain.policies.scope import Scope
from domain.policies.state import Policy, Proposal, Version
from domain.policies.values import OPERATING, stream_of
from interfaces import composition
from interfaces.cli import running
from interfaces.web import report

ACTOR = "operator"
# A command that has not begun by then is refused.
COMMAND_SECONDS = 10.0

policies = App(
    name="policies",
    help="Show the airline's own rules, compare their versions, propose one. Runs as the "
    "application: AIS_DATABASE_URL. Exit codes: 0 done, 1 the database does not answer, 2 a wrong "
    "call or setting, or a version that is not possible.",
)

AsJson = Annotated[bool, Parameter(name="--json", negative=())]


@policies.command(name="list")
def list_all(*, as_json: AsJson = False) -> int:
    """Print each policy: its versions, and the proposal that waits for a second person.

    Parameters
    ----------
    as_json
        Print them as one JSON document.
    """

    async def work(ports: PolicyPorts) -> None:
        found = [each.policy for each in await read_policies(ports)]
        if as_json:
            print(msgspec.json.encode({"policies": [_document(each) for each in found]}).decode())
            return
        for policy in found:
            newest = policy.versions[-1]
            waits = "" if policy.proposal is None else f", proposal {policy.proposal.number} waits"
            print(f"{policy.name}: version {newest.number} of {_instant(newest.valid_from)}{waits}")

    return _run(work)


@policies.command(name="show")
def show(name: str, /, *, as_json: AsJson = False) -> int:
    """Print all versions of a policy, and the proposal that waits.

    Parameters
    ----------
    name
        Such as `cancellation_fees`.
    as_json
        Print it as one JSON document.
    """

    async def work(ports: PolicyPorts) -> None:
        policy = (await read_policy(ports, name)).policy
        if as_json:
            print(msgspec.json.encode(_document(policy)).decode())
            return
        for each in policy.versions:
            persons = [one for one in (each.author, each.approver) if one is not None]
            by = ", ".join(persons) or "the launch"
            begins = _instant(each.valid_from)
            print(f"version {each.number} from {begins} for {_scope(each.scope)} by {by}")
            print(_value(each))
        if policy.proposal is not None:
            print(f"proposal {policy.proposal.number} for {_scope(policy.proposal.scope)}")
            print(_value(policy.proposal))

    return _run(work)


@policies.command(name="diff")
def diff(name: str, before: int, after: int, /) -> int:
    """Print what differs between two versions of a policy; nothing where they are equal.

    Parameters
    ----------
    name
        Such as `cancellation_fees`.
    before
        Number of the one version.
    after
        Number of the other version.
    """

    async def work(ports: PolicyPorts) -> None:
        policy = (await read_policy(ports, name)).policy
        known = {each.number: each for each in policy.versions}
        if not {before, after} <= known.keys():
            raise _WrongCall(f"{name} has the versions 1 to {len(known)}")
        for line in unified_diff(
            _lines(known[before]),
            _lines(known[after]),
            f"version {before}",
            f"version {after}",
            lineterm="",
        ):
            print(line)

    return _run(work)


@policies.command(name="publish")
def publish(
    name: str,
    file: Path,
    /,
    *,
    reason: PublicationReason,
    only: Annotated[list[str] | None, Parameter(negative=())] = None,
    valid_from: dt.datetime | None = None,
    dry_run: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Propose a version; it is published once a person of finance approves it over HTTP. A version
    of a rule about operations is published at once.

    Parameters
    ----------
    name
        Such as `cancellation_fees`.
    file
        A JSON file with the members of its value, as `show` prints them.
    reason
        Why, for auditors.
    only
        A field of the scope: market, route, cabin, fare_class or currency, such as route=RUH-JED.
    valid_from
        When it takes effect, such as 2026-12-01T00:00; UTC unless it has an offset. Without it, a
        minute after it is published.
    dry_run
        Check it and record nothing.
    """
    if valid_from is not None:
        in_utc = valid_from.tzinfo is None
        valid_from = valid_from.replace(tzinfo=dt.UTC) if in_utc else valid_from.astimezone(dt.UTC)
    try:
        members = msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        print(f"ais policies: {file}: {type(error).__name__}", file=sys.stderr)
        return running.USAGE_EXIT

    async def work(ports: PolicyPorts) -> None:
        command = ProposePolicy(
            policy_id=stream_of(name),
            value=value_from(name, members),
            author=ACTOR,
            reason=reason,
            scope=_scope_of(only or []),
            valid_from=valid_from,
        )
        if dry_run:
            await _check(ports, name, command)
            print("possible; nothing was recorded")
            return
        await ports.bus.submit(_envelope(command))
        print(_outcome((await read_policy(ports, name)).policy))

    return _run(work)


def _outcome(policy: Policy) -> str:
    """Return what became of a proposal."""
    if policy.name in OPERATING:
        newest = policy.versions[-1]
        return (
            f"{policy.name}: version {newest.number} is in force from {_instant(newest.valid_from)}"
        )
    waiting = policy.proposal
    assert waiting is not None, "what was proposed waits until it is approved"
    return f"{policy.name}: proposal {waiting.number} waits for the approval of a person of finance"


def _scope_of(given: list[str]) -> Scope:
    """Return the scope of texts such as `cabin=Y`; raises _WrongCall."""
    try:
        return msgspec.convert(dict(each.split("=", 1) for each in given), Scope)
    except (ValueError, msgspec.ValidationError):
        raise _WrongCall(f"--only takes {', '.join(Scope.__struct_fields__)}") from None


async def _check(ports: PolicyPorts, name: str, command: ProposePolicy) -> None:
    """Decide as the command would, on the policy as it is now; rejects InvalidPolicy."""
    publication.propose(
        (await read_policy(ports, name)).policy,
        value=command.value,
        scope=command.scope,
        valid_from=command.valid_from,
        author=command.author,
        reason=command.reason,
        now=composition.utc_now(),
    )


def _envelope(command: ProposePolicy) -> CommandEnvelope:
    return CommandEnvelope(
        id=uuid.uuid4(),
        command=command,
        actor=ACTOR,
        correlation_id=secrets.token_hex(11),
        deadline=asyncio.get_running_loop().time() + COMMAND_SECONDS,
    )


class _WrongCall(Exception):
    """What was asked for does not exist; the message says so."""


def _run(work: Callable[[PolicyPorts], Awaitable[None]]) -> int:
    async def opened() -> None:
        async with composition.open_core(running.configured(), report=report) as core:
            await work(PolicyPorts(core.bus))

    try:
        uvloop.run(opened())
    except Rejection as refused:
        found = {**refused.parameters}
        said = f"{found.pop('field', '')}: {found.pop('reason', refused.code)} {found or ''}"
        print(f"ais policies: {said.strip()}", file=sys.stderr)
        return running.USAGE_EXIT
    except _WrongCall as wrong:
        print(f"ais policies: {wrong}", file=sys.stderr)
        return running.USAGE_EXIT
    except Unavailable as error:
        print(f"ais policies: {error}", file=sys.stderr)
        return running.FAILED_EXIT
    return 0


def _document(policy: Policy) -> dict[str, Any]:
    """Return a policy as JSON; values have the members that `publish` takes."""
    shown = msgspec.to_builtins(policy)
    for each, known in zip(shown["versions"], policy.versions, strict=True):
        each["value"] = members_of(known.value)
    if policy.proposal is not None:
        shown["proposal"]["value"] = members_of(policy.proposal.value)
    return dict(shown)


def _value(version: Version | Proposal) -> str:
    return msgspec.json.encode(members_of(version.value)).decode()


def _lines(version: Version) -> list[str]:
    shown = {"scope": version.scope, "value": members_of(version.value)}
    return msgspec.json.format(msgspec.json.encode(shown), indent=2).decode().splitlines()


def _scope(scope: Scope) -> str:
    given = msgspec.to_builtins(scope)
    return " ".join(f"{name}={text}" for name, text in given.items()) or "all sales"


def _instant(at: dt.datetime) -> str:
    return f"{at.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}"
