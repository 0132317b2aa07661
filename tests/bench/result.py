"""What a benchmark shows of each case that it measured."""

import msgspec


class Case(msgspec.Struct, frozen=True):
    """One line of the result: two medians in `unit`, and their ratio, which `bar` limits."""

    case: str
    ours: float
    reference: float
    ratio: float
    bar: float
    holds: bool
    unit: str
