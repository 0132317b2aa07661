"""events.md: every event type with its fields, its golden sample, and the structs in it."""

import json

from application.commands import stream_kinds
from domain.kernel.events import DomainEvent
from tests.support import golden_events
from tests.support.reference import event_fields
from tests.support.reference.event_fields import Struct
from tests.support.reference.markdown import anchor, code, docstring, listed, page, summary, table

WIDTH = 96
INTRO = """\
# Events

Generated from the event types of `domain` and the golden samples in `tests/contract/golden_events`
by `python -m tests.support.reference.pages`; a test fails when they differ.

Everything that happened is an event in the one log ([why](../decisions/0001-log-is-the-ledger.md)).
Its payload, shown here, is canonical JSON: fields in this order, no floats, one encoding per value.
Its envelope (position, stream, version, tag, recorded at, actor, command id, correlation id,
causation id) is stored beside it.

- A tag is a contract: once an event of it is stored, neither the tag nor the meaning of a field
  changes. A new shape gets the next number, and old events are upcast when they are read.
- Amounts are integers in the minor unit of their currency; instants are UTC.
- An **entry** is the balanced double entry of an event that moves money
  ([ledger](../explanation/ledger.md)). Debit is positive.
- **Personal data** is sealed: ciphertext that only the key of its subject opens
  ([why](../decisions/0006-sealed-personal-data.md)).
- A field with a value in the column *when absent* may be left out of the payload and then has that
  value; older events may lack it.
"""
TITLES = {
    "booking": "A booking: one stream for each record locator.",
    "flight": "A departure and its seats: one stream for each flight number and date.",
    "payment": "An amount due and the money that moved: one stream for each amount.",
    "claim": "Compensation of a booking for a flight: one stream for each.",
    "credit": "Travel credit of one origin, or a gift card: one stream for each.",
    "transfer": "A bank transfer that pays what is owed: one stream for each reference.",
    "period": "A month of the books: one stream for each month that was closed.",
    "settlement": "What Stripe settles for a charge, or another object: one stream for each.",
    "payout": "Money on its way from Stripe to the bank: one stream for each payout.",
    "clearing": "Stripe's balance beside account 1010: one stream for each accounting day.",
    "reconciliation": "An accounting day beside Stripe and the bank: one stream for each day.",
    "taxdocuments": "The tax documents of a booking: one stream for each record locator.",
    "taxseries": "The numbers of all tax documents: one stream for each month.",
    "policy": "A rule that the airline sets itself: one stream for each policy.",
    "erasure": "The keys of a person are destroyed: one stream for each erasure.",
}


def text() -> str:
    """The page."""
    lines: list[str] = []
    for prefix, kind in stream_kinds.KINDS.items():
        lines += [f"- [{prefix}](#{anchor(prefix)}): {len(kind.event_types)} events"]
    lines += ["- [types](#types): the structs in their fields", ""]
    for prefix, kind in stream_kinds.KINDS.items():
        lines += _context(prefix, kind.event_types)
    return page(INTRO, lines, _types())


def _context(prefix: str, event_types: tuple[type[DomainEvent], ...]) -> list[str]:
    rows = [
        (
            f"[{code(each.tag)}](#{anchor(each.tag)})",
            summary(each),
            event_fields.carries_entry(each),
            listed(event_fields.sealed_fields(each)),
        )
        for each in event_types
    ]
    return [
        f"## {prefix}",
        "",
        TITLES[prefix],
        "",
        *table(("tag", "meaning", "entry", "personal data"), rows),
        *(line for each in event_types for line in _event(each)),
    ]


def _event(event_type: type[DomainEvent]) -> list[str]:
    fields = event_fields.rows(event_type) if event_type.__struct_fields__ else ["No fields.", ""]
    stored = golden_events.read(golden_events.path_of(event_type.tag))["full"]
    return [
        f"### {event_type.tag}",
        "",
        f"{code(event_type.__name__)}: {docstring(event_type)}",
        "",
        *fields,
        "<details><summary>sample</summary>",
        "",
        "```json",
        *laid_out(json.loads(stored)),
        "```",
        "",
        "</details>",
        "",
    ]


def _types() -> list[str]:
    """One section for each name; two contexts may have a struct of one name and the same fields."""
    found: dict[str, Struct] = {}
    for event_type in stream_kinds.EVENT_TYPES.values():
        for struct in event_fields.value_types(event_type):
            same = found.setdefault(struct.__name__, struct)
            assert event_fields.rows(same) == event_fields.rows(struct), f"two {struct.__name__}"
    lines = ["## types", ""]
    for name, struct in sorted(found.items()):
        lines += [f"### {name}", "", docstring(struct), "", *event_fields.rows(struct)]
    return lines


def laid_out(value: object, indent: str = "", before: str = "", after: str = "") -> list[str]:
    """JSON on one line where it fits, else one member per line."""
    line = f"{indent}{before}{json.dumps(value, ensure_ascii=False)}{after}"
    if len(line) <= WIDTH or not isinstance(value, dict | list) or not value:
        return [line]
    if isinstance(value, dict):
        opening, closing = "{", "}"
        members = [(f"{json.dumps(name)}: ", member) for name, member in value.items()]
    else:
        opening, closing = "[", "]"
        members = [("", member) for member in value]
    lines = [f"{indent}{before}{opening}"]
    for number, (name, member) in enumerate(members, 1):
        comma = "," if number < len(members) else ""
        lines += laid_out(member, f"{indent}  ", name, comma)
    return [*lines, f"{indent}{closing}{after}"]
