"""The table of the benchmark `replay`."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from tests.bench.result import Case


def show(console: Console, cases: Sequence[Case]) -> None:
    """Print one line for each case."""
    table = Table(title="replay: every balance from the first event on")
    for column in ("case", "ours", "reference", "ratio", "bar", "holds"):
        table.add_column(column)
    for case in cases:
        table.add_row(
            case.case,
            f"{case.ours:,.0f} {case.unit}",
            f"{case.reference:,.0f} {case.unit}",
            f"{case.ratio:.1f}",
            f"{case.bar:.0f}",
            "yes" if case.holds else "NO",
        )
    console.print(table)
