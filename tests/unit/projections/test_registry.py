"""The required parts of every read model, and the comparison of rows."""

import msgspec

from application.commands import stream_kinds
from projections import reading, registry
from projections.registry import ALL
from tests.architecture import tree


class Row(msgspec.Struct):
    """A row of two columns."""

    amount: int
    owner: str


def test_every_read_model_has_tables_a_checker_and_only_known_events() -> None:
    assert {each.projection.name for each in registry.READ_MODELS} == {
        path.parent.name for path in (tree.ROOT / "projections").glob("*/table.sql")
    }
    assert registry.CHECKERS.keys() == ALL.keys()
    for name, projection in ALL.items():
        assert projection.name == name
        assert "CREATE TABLE" in projection.table_sql()
        assert projection.tags <= stream_kinds.EVENT_TYPES.keys()


def test_the_journal_reads_every_event_with_an_entry_and_stops_at_poison() -> None:
    with_entry = {
        tag for tag, kind in stream_kinds.EVENT_TYPES.items() if "entry" in kind.__struct_fields__
    }
    assert with_entry
    assert with_entry <= ALL["ledger_journal"].tags
    assert {name for name, p in ALL.items() if p.stops_on_poison} == {
        "coupon_values",
        "ledger_journal",
        "stripe_settlement",
    }


def test_a_comparison_names_missing_unexpected_and_differing_rows() -> None:
    expected = {"a": Row(1, "x"), "b": Row(2, "x"), "d": Row(4, "x")}
    found = {"b": Row(3, "x"), "c": Row(3, "x"), "d": Row(4, "x")}
    assert list(reading.compare(expected, found)) == [
        "a: the row is missing",
        "b: amount is 3, expected 2",
        "c: the log has no such row",
    ]
