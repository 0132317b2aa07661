"""Writes `docs/reference/states.md` and its picture from the table of transitions.

Rule: the table says which steps there are; this module only says what causes each, and where to
draw it. Run it with `python -m tests.support.states_page` after a change of the table.
"""

from pathlib import Path
from typing import Literal

import msgspec

from domain.booking import events, states
from domain.booking.check_in_events import DepartureWithdrawn
from domain.booking.reseating_events import BookingReseated
from domain.booking.states import Status
from tests.support import states_requests as requests
from tests.support.states_requests import Request

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "reference"
S = Status

Who = Literal["traveller", "stripe", "time", "airline"]
WHO: dict[Who, str] = {
    "traveller": "the traveller, or staff for them",
    "stripe": "money, as Stripe reports it",
    "time": "time, by a timer",
    "airline": "the airline: a process or staff",
}
MEANING: dict[Status, str] = {
    S.INITIATED: "a draft: names and price are known, no seat is kept",
    S.PENDING: "waits on the list of a flight that is full",
    S.RESERVED: "seats are held until a deadline, nothing is paid",
    S.PAID: "exactly the amount due was captured, tickets are about to be issued",
    S.CONFIRMED: "every passenger has a ticket and the seats are sold",
    S.CHECKED_IN: "somebody has a boarding pass, or had one before an undone check-in",
    S.BOARDED: "everybody who still travels is on board",
    S.COMPLETED: "the journey is over and at least one coupon was flown",
    S.CANCELLED: "cancelled as a whole; money may still be on its way back",
    S.PAYMENT_FAILED: "waits without seats, and its card was declined",
    S.NO_SHOW: "nobody came and the flights have left",
    S.REFUNDED: "all that was promised back has arrived",
    S.EXPIRED: "the deadline passed before anything was paid",
}


class Cause(msgspec.Struct, frozen=True):
    """Who brings a step about, how, and the tag of the event that records it.

    `who` is the colour in the picture. `requests` bring the step about, or, without any, what `how`
    says; with them it says what comes about by itself or under which condition.
    """

    who: Who
    how: str
    event: type[events.BookingEvent]
    requests: tuple[Request, ...] = ()

    def words(self) -> str:
        """How the step comes about."""
        sent = [f"{each.words()} ({', '.join(each.who())})" for each in self.requests]
        return "; ".join([*sent, *filter(None, [self.how])])

    def people(self) -> str:
        """All who may bring it about."""
        everyone = dict.fromkeys(person for each in self.requests for person in each.who())
        return ", ".join(everyone) or WHO[self.who]


LEFT = "the flight has left and nobody of the booking was on board: by a timer"
WITH_FLIGHT = "at once when the airline cancels the flight"
GRANTED = "for all that was paid, and it has arrived"
UNANSWERED = "by a timer when a cancelled flight was not answered"
CANCELLED = events.BookingCancelled

CAUSES: dict[tuple[Status, Status], Cause] = {
    (S.INITIATED, S.PENDING): Cause(
        "traveller", "where no seats are free", events.BookingWaitlisted, requests.WAITLIST
    ),
    (S.INITIATED, S.RESERVED): Cause("traveller", "", events.BookingReserved, requests.HOLD_SEATS),
    (S.INITIATED, S.EXPIRED): Cause("time", "its price has lapsed", events.BookingExpired),
    (S.INITIATED, S.CANCELLED): Cause("traveller", WITH_FLIGHT, CANCELLED, (requests.CANCEL,)),
    (S.PENDING, S.RESERVED): Cause(
        "airline", "seats came free: an offer for up to a day", events.BookingReserved
    ),
    (S.PENDING, S.PAID): Cause(
        "stripe", "captured while seats were free, and taken with it", events.BookingPaid
    ),
    (S.PENDING, S.EXPIRED): Cause("time", "sales of the flight have closed", events.BookingExpired),
    (S.PENDING, S.CANCELLED): Cause("traveller", WITH_FLIGHT, CANCELLED, (requests.CANCEL,)),
    (S.PENDING, S.PAYMENT_FAILED): Cause(
        "stripe", "the card was declined", events.BookingPaymentFailed
    ),
    (S.RESERVED, S.PAID): Cause("stripe", "the amount due was captured", events.BookingPaid),
    (S.RESERVED, S.EXPIRED): Cause(
        "time", "the hold or offer has ended, and Stripe was asked first", events.BookingExpired
    ),
    (S.RESERVED, S.CANCELLED): Cause("traveller", WITH_FLIGHT, CANCELLED, (requests.CANCEL,)),
    (S.PAID, S.CONFIRMED): Cause(
        "airline", "the process that issues tickets", events.BookingConfirmed
    ),
    (S.PAID, S.CANCELLED): Cause("traveller", WITH_FLIGHT, CANCELLED, (requests.CANCEL,)),
    (S.PAID, S.REFUNDED): Cause("airline", GRANTED, events.BookingRefunded, (requests.GRANT,)),
    (S.CONFIRMED, S.CHECKED_IN): Cause(
        "traveller", "", events.PassengersCheckedIn, (requests.CHECK_IN,)
    ),
    (S.CONFIRMED, S.CANCELLED): Cause("traveller", UNANSWERED, CANCELLED, requests.TICKETED),
    (S.CONFIRMED, S.REFUNDED): Cause("airline", GRANTED, events.BookingRefunded, (requests.GRANT,)),
    (S.CONFIRMED, S.NO_SHOW): Cause("time", LEFT, events.PassengersMissed, (requests.CLOSE,)),
    (S.CHECKED_IN, S.BOARDED): Cause("airline", "", events.PassengersBoarded, (requests.BOARD,)),
    (S.CHECKED_IN, S.CANCELLED): Cause("traveller", UNANSWERED, CANCELLED, requests.TICKETED),
    (S.CHECKED_IN, S.NO_SHOW): Cause("time", LEFT, events.PassengersMissed, (requests.CLOSE,)),
    (S.BOARDED, S.COMPLETED): Cause(
        "time",
        "the last flight has left with somebody on board: by a timer",
        events.BookingCompleted,
        (requests.CLOSE,),
    ),
    (S.BOARDED, S.CANCELLED): Cause("airline", "", CANCELLED, (requests.OFFLOAD,)),
    (S.COMPLETED, S.REFUNDED): Cause("airline", GRANTED, events.BookingRefunded, (requests.GRANT,)),
    (S.CANCELLED, S.REFUNDED): Cause(
        "stripe", "the last refund that was promised has arrived", events.BookingRefunded
    ),
    (S.PAYMENT_FAILED, S.PENDING): Cause(
        "traveller", "", events.BookingPaymentRetried, (requests.CHECKOUT,)
    ),
    (S.PAYMENT_FAILED, S.CANCELLED): Cause("traveller", WITH_FLIGHT, CANCELLED, (requests.CANCEL,)),
    (S.NO_SHOW, S.REFUNDED): Cause("airline", GRANTED, events.BookingRefunded, (requests.GRANT,)),
}

# Where the picture has each state (its middle), and how an arrow bends: cubic control points.
WIDTH, HEIGHT, HALF_WIDTH, HALF_HEIGHT = 1200, 560, 58, 22
PLACES: dict[Status, tuple[int, int]] = {
    S.PENDING: (260, 60),
    S.PAYMENT_FAILED: (520, 60),
    S.INITIATED: (90, 190),
    S.RESERVED: (260, 190),
    S.PAID: (430, 190),
    S.CONFIRMED: (600, 190),
    S.CHECKED_IN: (770, 190),
    S.BOARDED: (940, 190),
    S.COMPLETED: (1110, 190),
    S.EXPIRED: (90, 350),
    S.CANCELLED: (430, 350),
    S.NO_SHOW: (770, 350),
    S.REFUNDED: (940, 470),
}
Point = tuple[float, float]
ARROWS: dict[tuple[Status, Status], tuple[Point, Point, Point, Point]] = {
    (S.INITIATED, S.PENDING): ((110, 168), (140, 130), (170, 90), (200, 68)),
    (S.INITIATED, S.RESERVED): ((148, 190), (165, 190), (185, 190), (200, 190)),
    (S.INITIATED, S.EXPIRED): ((70, 212), (70, 250), (70, 290), (70, 326)),
    (S.INITIATED, S.CANCELLED): ((125, 212), (190, 280), (280, 330), (370, 345)),
    (S.PENDING, S.RESERVED): ((260, 82), (260, 110), (260, 140), (260, 166)),
    (S.PENDING, S.PAID): ((300, 82), (330, 110), (365, 135), (398, 166)),
    (S.PENDING, S.EXPIRED): ((225, 82), (180, 160), (170, 250), (115, 326)),
    (S.PENDING, S.CANCELLED): ((280, 82), (345, 160), (345, 240), (400, 326)),
    (S.PENDING, S.PAYMENT_FAILED): ((318, 50), (360, 42), (418, 42), (460, 50)),
    (S.RESERVED, S.PAID): ((318, 190), (335, 190), (355, 190), (370, 190)),
    (S.RESERVED, S.EXPIRED): ((230, 212), (215, 270), (180, 310), (150, 334)),
    (S.RESERVED, S.CANCELLED): ((270, 212), (290, 270), (330, 310), (371, 332)),
    (S.PAID, S.CONFIRMED): ((488, 190), (505, 190), (525, 190), (540, 190)),
    (S.PAID, S.CANCELLED): ((440, 212), (440, 250), (440, 290), (440, 326)),
    (S.PAID, S.REFUNDED): ((395, 212), (270, 420), (420, 530), (880, 484)),
    (S.CONFIRMED, S.CHECKED_IN): ((658, 190), (675, 190), (695, 190), (710, 190)),
    (S.CONFIRMED, S.CANCELLED): ((565, 212), (540, 260), (510, 300), (480, 326)),
    (S.CONFIRMED, S.REFUNDED): ((600, 212), (600, 340), (690, 450), (880, 462)),
    (S.CONFIRMED, S.NO_SHOW): ((630, 212), (660, 260), (700, 300), (725, 326)),
    (S.CHECKED_IN, S.BOARDED): ((828, 190), (845, 190), (865, 190), (880, 190)),
    (S.CHECKED_IN, S.CANCELLED): ((740, 212), (680, 290), (600, 330), (490, 342)),
    (S.CHECKED_IN, S.NO_SHOW): ((780, 212), (780, 250), (780, 290), (780, 326)),
    (S.BOARDED, S.COMPLETED): ((998, 190), (1015, 190), (1035, 190), (1050, 190)),
    (S.BOARDED, S.CANCELLED): ((930, 212), (890, 310), (600, 250), (490, 356)),
    (S.COMPLETED, S.REFUNDED): ((1110, 212), (1110, 320), (1060, 400), (985, 446)),
    (S.CANCELLED, S.REFUNDED): ((470, 372), (560, 430), (700, 472), (880, 473)),
    (S.PAYMENT_FAILED, S.PENDING): ((460, 70), (418, 78), (360, 78), (320, 70)),
    (S.PAYMENT_FAILED, S.CANCELLED): ((515, 82), (520, 190), (510, 260), (458, 326)),
    (S.NO_SHOW, S.REFUNDED): ((800, 372), (830, 410), (865, 435), (895, 446)),
}

# How far along its arrow a number stands, where not in the middle.
SHARE = {(S.PENDING, S.EXPIRED): 0.78, (S.PENDING, S.CANCELLED): 0.75}
# Plain rules for both modes: many viewers know no variables in style sheets.
COLOURS: dict[str, dict[str, str]] = {
    "light": {
        "ink": "#1c2733",
        "paper": "#ffffff",
        "box": "#eef3f8",
        "end": "#d3dde6",
        "traveller": "#1f6fb2",
        "stripe": "#6a3fb5",
        "time": "#7a6a3a",
        "airline": "#b4531a",
    },
    "dark": {
        "ink": "#e8edf2",
        "paper": "#10171e",
        "box": "#1d2833",
        "end": "#3a4a59",
        "traveller": "#6db6f2",
        "stripe": "#b99af0",
        "time": "#cdb978",
        "airline": "#f09a62",
    },
}
SHAPES = """
text { font: 14.5px system-ui, sans-serif; text-anchor: middle; }
.number text { font-size: 11px; font-weight: 600; }
.key text { text-anchor: start; font-size: 14px; }
rect.state { stroke-width: 1.2; }
rect.final { stroke-width: 3; }
.step { fill: none; stroke-width: 1.6; }
.time .step { stroke-dasharray: 6 4; }
.number circle { stroke-width: 1.2; }
"""


def _style() -> str:
    dark = _rules(COLOURS["dark"])
    return f"{SHAPES}{_rules(COLOURS['light'])}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}"


def _rules(colour: dict[str, str]) -> str:
    rules = [
        f"text {{ fill: {colour['ink']}; }}",
        f"rect.paper {{ fill: {colour['paper']}; }}",
        f"rect.state {{ fill: {colour['box']}; stroke: {colour['ink']}; }}",
        f"rect.final {{ fill: {colour['end']}; }}",
        f".number circle {{ fill: {colour['paper']}; }}",
    ]
    for who in WHO:
        rules.append(f".{who} .step, .{who} circle {{ stroke: {colour[who]}; }}")
        rules.append(f".{who} .tip {{ fill: {colour[who]}; }}")
    return "\n".join(rules)


def numbered() -> list[tuple[int, Status, Status, Cause]]:
    """All steps in the order of the table, from 1."""
    steps = [(a, b) for a, targets in states.TRANSITIONS.items() for b in Status if b in targets]
    return [(number, a, b, CAUSES[a, b]) for number, (a, b) in enumerate(steps, 1)]


def badge(step: tuple[Status, Status]) -> Point:
    """Where an arrow has its number."""
    return _at(ARROWS[step], SHARE.get(step, 0.5))


def _at(curve: tuple[Point, Point, Point, Point], t: float) -> Point:
    weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
    x = sum(weight * point[0] for weight, point in zip(weights, curve, strict=True))
    y = sum(weight * point[1] for weight, point in zip(weights, curve, strict=True))
    return round(x, 1), round(y, 1)


def picture() -> str:
    """The picture as SVG: states as boxes, steps as numbered arrows in the colour of who acts."""
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        "<title>The thirteen states of a booking and its twenty-nine steps</title>",
        f"<style>{_style()}</style>",
        f'<rect class="paper" width="{WIDTH}" height="{HEIGHT}"/>',
    ]
    lines += [_arrow(before, after, cause) for _, before, after, cause in numbered()]
    lines += [_box(status) for status in Status]
    lines += [_number(n, before, after, cause) for n, before, after, cause in numbered()]
    lines += [_key(row, who) for row, who in enumerate(WHO)]
    return "\n".join([*lines, "</svg>", ""])


def _arrow(before: Status, after: Status, cause: Cause) -> str:
    curve = ARROWS[before, after]
    (x1, y1), (x2, y2), (x3, y3), (x4, y4) = curve
    path = f"M{x1} {y1} C{x2} {y2} {x3} {y3} {x4} {y4}"
    length = ((x4 - x3) ** 2 + (y4 - y3) ** 2) ** 0.5
    dx, dy = (x4 - x3) / length, (y4 - y3) / length
    left = (round(x4 - 9 * dx - 4.5 * dy, 1), round(y4 - 9 * dy + 4.5 * dx, 1))
    right = (round(x4 - 9 * dx + 4.5 * dy, 1), round(y4 - 9 * dy - 4.5 * dx, 1))
    head = f"M{x4} {y4} L{left[0]} {left[1]} L{right[0]} {right[1]} Z"
    return (
        f'<g class="{cause.who}"><path class="step" d="{path}"/><path class="tip" d="{head}"/></g>'
    )


def _box(status: Status) -> str:
    x, y = PLACES[status]
    kind = "state final" if status in states.TERMINAL else "state"
    name = status.value.replace("_", " ")
    return (
        f'<rect class="{kind}" x="{x - HALF_WIDTH}" y="{y - HALF_HEIGHT}" '
        f'width="{2 * HALF_WIDTH}" height="{2 * HALF_HEIGHT}" rx="9"/>'
        f'<text x="{x}" y="{y + 5}">{name}</text>'
    )


def _number(number: int, before: Status, after: Status, cause: Cause) -> str:
    x, y = badge((before, after))
    return (
        f'<g class="number {cause.who}"><circle cx="{x}" cy="{y}" r="9.5"/>'
        f'<text x="{x}" y="{y + 4}">{number}</text></g>'
    )


def _key(row: int, who: Who) -> str:
    y = 440 + 28 * row
    return (
        f'<g class="key {who}"><path class="tip" d="M36 {y - 4} h34 v3 h-34 Z"/>'
        f'<text x="82" y="{y + 3}">{WHO[who]}</text></g>'
    )


def _corrections() -> list[str]:
    """The section about the steps beside the table."""
    return [
        "## Corrections",
        "",
        "Operations (ops, admin) withdraw a departure that was recorded by mistake, until its",
        "accounting day ends, with `POST /api/admin/flights/{id}/withdraw-departure`",
        "([how](../how-to/gate.md)). What the departure closed is open again, which is",
        f"recorded by `{DepartureWithdrawn.tag}`. No request about a booking does that.",
        "",
        "| from | to |",
        "|---|---|",
        *(
            f"| {before.value} | {' or '.join(each.value for each in Status if each in after)} |"
            for before, after in states.CORRECTIONS.items()
        ),
    ]


def _reseatings() -> list[str]:
    """The section about late money, beside the table."""
    return [
        "",
        "## Late money",
        "",
        "Money that is captured after the deadline brings an expired booking back while its seats",
        "are free ([when](../explanation/payment.md#money-that-does-not-fit)). That is recorded",
        f"by `{BookingReseated.tag}`. No request does that.",
        "",
        "| from | to |",
        "|---|---|",
        *(
            f"| {before.value} | {' or '.join(each.value for each in after)} |"
            for before, after in states.RESEATINGS.items()
        ),
    ]


def page() -> str:
    """The page in Markdown."""
    final = " and ".join(f"**{status.value}**" for status in Status if status in states.TERMINAL)
    rows = [
        f"| {n} | {before.value} | {after.value} | {cause.words()} | {cause.people()} "
        f"| `{cause.event.tag}` |"
        for n, before, after, cause in numbered()
    ]
    marks = {(before, after): str(n) for n, before, after, _ in numbered()}
    matrix = [
        f"| **{before.value}** | "
        + " | ".join(marks.get((before, after), "·") for after in Status)
        + " |"
        for before in Status
    ]
    return "\n".join(
        [
            "# States of a booking",
            "",
            "Generated from `domain/booking/states.py` by `tests/support/states_page.py`; a test",
            "fails when this page, its picture and the table differ.",
            "",
            "![The states of a booking and the steps between them](states.svg)",
            "",
            f"Numbers are those of the table below. {final} are final: nothing moves a",
            "booking out of them, but late money an expired one (see below). The status of a",
            "ticketed booking is the roll-up of its coupons",
            "([why](../explanation/booking.md)). A booking that was divided off another begins as",
            "**confirmed** or **checked_in**.",
            "",
            "## States",
            "",
            "| state | what it means |",
            "|---|---|",
            *(f"| {status.value} | {MEANING[status]} |" for status in Status),
            "",
            "## Steps",
            "",
            "Whatever is not in this table is refused as `INVALID_STATE_TRANSITION` or, where it",
            "is so already, changes nothing. Each request is followed by who may send it. The",
            "owner is the customer or travel agent who booked, the others are",
            "[roles](api.md#permissions).",
            "",
            "| | from | to | cause | who | recorded by |",
            "|---|---|---|---|---|---|",
            *rows,
            "",
            *_corrections(),
            *_reseatings(),
            "",
            "## All pairs",
            "",
            "From the row to the column; the number is the step's, a dot is no step.",
            "",
            "| | " + " | ".join(status.value for status in Status) + " |",
            "|---" * 14 + "|",
            *matrix,
            "",
        ]
    )


def main() -> None:
    """Write both files."""
    (FOLDER / "states.md").write_text(page(), encoding="utf-8")
    (FOLDER / "states.svg").write_text(picture(), encoding="utf-8")


if __name__ == "__main__":
    main()
