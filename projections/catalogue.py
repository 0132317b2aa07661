"""All read models of this release, by name."""

from projections.booking_list import projector as booking_list
from projections.flight_availability import projector as flight_availability
from projections.ledger_journal import projector as ledger_journal
from projections.projection import Projection
from projections.unfinished_attempts import projector as unfinished_attempts
from projections.unfinished_refunds import projector as unfinished_refunds

ALL: dict[str, Projection] = {
    projection.name: projection
    for projection in (
        flight_availability.PROJECTION,
        booking_list.PROJECTION,
        ledger_journal.PROJECTION,
        unfinished_attempts.PROJECTION,
        unfinished_refunds.PROJECTION,
    )
}
