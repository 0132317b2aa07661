"""policies.md: each policy with its default, and the rules that are constants still."""

import msgspec

from application.policies.value_json import members_of
from domain.identity import roles
from domain.policies import values as policy_values
from domain.policies.scope import Scope
from domain.policies.values import LAUNCH, NAMES, OPERATING, SCOPE_FIELDS, PolicyName
from tests.support.reference.markdown import code, docstring, listed, page, table
from tests.support.rule_constants import TO_BE_MOVED

INTRO = """\
# Policies

Generated from `domain/policies` by `python -m tests.support.reference.pages`; a test fails when
they differ. [Policies](../explanation/policies.md) explains versions, scopes, and who publishes
them.
"""
SCOPES = """\
## Scopes

A version is for the sales that meet every field it gives: {fields}.
"""
CONSTANTS = """\
## Rules that are constants still

These are figures of `domain` that an airline would change and that need a release for it. The list
may only shrink; `tests/architecture/test_rule_constants.py` finds a new one.
"""


MOMENTS = {
    "sale": "The version of the sale counts, and the booking keeps it;",
    "departure": "The version of the departure counts;",
    "now": "The version of the decision counts;",
}


def _moment(name: PolicyName) -> str:
    """When the policy is looked up, and what its scopes may give."""
    fields = [each for each in Scope.__struct_fields__ if each in SCOPE_FIELDS.get(name, each)]
    scope = f"its scopes give {listed(fields)}." if fields else "it is the same for all sales."
    return f"{MOMENTS[policy_values.MOMENTS[name]]} {scope}"


def text() -> str:
    """The page."""
    lines: list[str] = []
    for name in NAMES:
        value = LAUNCH[name]
        permission = "set_policies" if name in OPERATING else "set_money_policies"
        shown = msgspec.json.format(msgspec.json.encode(members_of(value)), indent=2).decode()
        publishers = [role for role, held in roles.GRANTS.items() if permission in held]
        persons = "one person" if name in OPERATING else "two persons"
        lines += [
            f"## {name}",
            "",
            docstring(type(value)),
            "",
            f"Published by {persons} of {listed(publishers)}. {_moment(name)} Version 1, of the",
            "launch:",
            "",
            *("```json", shown, "```", ""),
        ]
    fields = listed(Scope.__struct_fields__)
    rows = [
        (code(f"domain/{path}"), code(constant), code(policy))
        for place, policy in sorted(TO_BE_MOVED.items(), key=lambda each: (each[1], each[0]))
        for path, constant in [place.split(" ")]
    ]
    head = ("file", "constant", "policy that it will be")
    return page(INTRO, lines, SCOPES.format(fields=fields), CONSTANTS, table(head, rows))
