"""stripe-events.md: every type of Stripe's events that is known, and what it makes us do."""

from application.payment.stripe_event_types import HANDLED, IGNORED
from tests.support.reference.markdown import code, page, table

INTRO = """\
# Events of Stripe

Generated from `application/payment/stripe_event_types.py` by
`python -m tests.support.reference.pages`; a test fails when they differ.

The endpoint at Stripe should send the types that make us do something. Others are stored as
ignored, with the reason `nothing_follows` where the type is in the second table and `unsupported`
where it is in neither. `GET /api/admin/stripe-events/{id}` answers what became of an event.
"""


def text() -> str:
    """The page."""
    handled = sorted((name, does) for does, names in HANDLED.items() for name in names)
    return page(
        INTRO,
        "## Processed",
        "",
        table(("type", "what follows"), [(code(name), does) for name, does in handled]),
        "## Ignored",
        "",
        table(("type", "why"), [(code(name), why) for name, why in sorted(IGNORED.items())]),
    )
