"""`ais policies`: the airline's own rules; propose a version for finance to approve, or publish
one about operations.
"""

import asyncio
import datetime as dt
import secrets
import uuid
from difflib import unified_diff
from pathlib import Path
from typing import Annotated, Any, get_args

import msgspec
from cyclopts import App, Parameter

from application.commands.command import CommandEnvelope
from application.policies.ports import PolicyPorts
from application.policies.propose_policy import ProposePolicy
from application.policies.read_policies import read_policies, read_policy
from application.policies.value_json import members_of
from application.policies.wanted_version import version_of
from domain.policies import publication
from domain.policies.events import PublicationReason
from domain.policies.state import Policy, Proposal, Version
from domain.policies.values import OPERATING, stream_of
from interfaces.cli.policy_calls import (
    AsJson,
    Only,
    Wanted,
    WrongCall,
    in_utc,
    run,
    shown_instant,
    shown_scope,
)
from interfaces.cli.policy_preview import preview

ACTOR = "operator"
# A command that has not begun by then is refused.
COMMAND_SECONDS = 10.0

policies = App(
    name="policies",
    help="Show the airline's own rules, compare their versions, propose one. Runs as the "
    "application: AIS_DATABASE_URL. Exit codes: 0 done, 1 the database does not answer, 2 a wrong "
    "call or setting, or a version that is not possible.",
)


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
            begins = shown_instant(newest.valid_from)
            print(f"{policy.name}: version {newest.number} of {begins}{waits}")

    return run(work)


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
            begins = shown_instant(each.valid_from)
            print(f"version {each.number} from {begins} for {shown_scope(each.scope)} by {by}")
            print(_value(each))
        if policy.proposal is not None:
            print(f"proposal {policy.proposal.number} for {shown_scope(policy.proposal.scope)}")
            print(_value(policy.proposal))

    return run(work)


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
        for line in unified_diff(
            _lines(version_of(policy, before)),
            _lines(version_of(policy, after)),
            f"version {before}",
            f"version {after}",
            lineterm="",
        ):
            print(line)

    return run(work)


@policies.command(name="publish")
def publish(
    name: str,
    file: Path | None = None,
    /,
    *,
    again: int | None = None,
    reason: PublicationReason | None = None,
    only: Only = None,
    valid_from: dt.datetime | None = None,
    dry_run: Annotated[bool, Parameter(negative=())] = False,
    as_json: AsJson = False,
) -> int:
    """Propose a version; it is published once a person of finance approves it over HTTP. A version
    of a rule about operations is published at once.

    Parameters
    ----------
    name
        Such as `cancellation_fees`.
    file
        A JSON file with the members of its value, as `show` prints them.
    again
        The number of an earlier version, whose value and scope are proposed again: a rollback.
    reason
        Why, for auditors; without it, rollback with --again.
    only
        A field of the scope: market, route, cabin, fare_class or currency, such as route=RUH-JED.
    valid_from
        When it takes effect, such as 2026-12-01T00:00; UTC unless it has an offset. Without it, a
        minute after it is published.
    dry_run
        Check it and record nothing.
    as_json
        Print the outcome as one JSON document, and an error as one, too.
    """

    async def work(ports: PolicyPorts) -> None:
        if file is None and again is None:
            raise WrongCall("publish takes a file or --again")
        if reason is None and again is None:
            raise WrongCall(f"--reason takes {', '.join(get_args(PublicationReason))}")
        wanted = await Wanted(name, file, again, only).read(ports)
        command = ProposePolicy(
            policy_id=stream_of(name),
            value=wanted.value,
            author=ACTOR,
            reason=reason or "rollback",
            scope=wanted.scope,
            valid_from=in_utc(valid_from),
        )
        if dry_run:
            await _check(ports, name, command)
            print('{"proposal": null}' if as_json else "possible; nothing was recorded")
            return
        await ports.bus.submit(_envelope(command))
        print(_outcome((await read_policy(ports, name)).policy, as_json=as_json))

    return run(work, as_json=as_json)


def _outcome(policy: Policy, *, as_json: bool) -> str:
    """Return what became of a proposal: it waits, or its version was published at once."""
    waiting = policy.proposal
    if policy.name in OPERATING:
        newest = policy.versions[-1]
        found = {"proposal": None, "version": _document_of(newest)}
        line = f"version {newest.number} is in force from {shown_instant(newest.valid_from)}"
    else:
        assert waiting is not None, "what was proposed waits until it is approved"
        found = {"proposal": _document_of(waiting)}
        line = f"proposal {waiting.number} waits for the approval of a person of finance"
    return msgspec.json.encode(found).decode() if as_json else f"{policy.name}: {line}"


policies.command(preview, name="preview")


async def _check(ports: PolicyPorts, name: str, command: ProposePolicy) -> None:
    """Decide as the command would, on the policy as it is now; rejects InvalidPolicy."""
    publication.propose(
        (await read_policy(ports, name)).policy,
        value=command.value,
        scope=command.scope,
        valid_from=command.valid_from,
        author=command.author,
        reason=command.reason,
        now=ports.clock(),
    )


def _envelope(command: ProposePolicy) -> CommandEnvelope:
    return CommandEnvelope(
        id=uuid.uuid4(),
        command=command,
        actor=ACTOR,
        correlation_id=secrets.token_hex(11),
        deadline=asyncio.get_running_loop().time() + COMMAND_SECONDS,
    )


def _document(policy: Policy) -> dict[str, Any]:
    """Return a policy as JSON; values have the members that `publish` takes."""
    shown = msgspec.to_builtins(policy)
    for each, known in zip(shown["versions"], policy.versions, strict=True):
        each["value"] = members_of(known.value)
    if policy.proposal is not None:
        shown["proposal"] = _document_of(policy.proposal)
    return dict(shown)


def _document_of(version: Version | Proposal) -> dict[str, Any]:
    return {**msgspec.to_builtins(version), "value": members_of(version.value)}


def _value(version: Version | Proposal) -> str:
    return msgspec.json.encode(members_of(version.value)).decode()


def _lines(version: Version) -> list[str]:
    shown = {"scope": version.scope, "value": members_of(version.value)}
    return msgspec.json.format(msgspec.json.encode(shown), indent=2).decode().splitlines()
