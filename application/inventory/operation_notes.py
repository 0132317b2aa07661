"""Why a flight changes: a code for the log and the passengers, the words of staff sealed beside it.

Words may name a person, and the log keeps them for ever. Each note has a key of its own, so that it
can be erased alone.
"""

import msgspec

from application.ports import Vault, WrappedKey
from domain.inventory import operations
from domain.inventory.state import Flight
from domain.kernel.sealed import Sealed


class Why(msgspec.Struct, frozen=True):
    """The code of a reason; `note` is what staff wrote, with the key to store."""

    code: str
    note: Sealed | None = None
    keys: tuple[WrappedKey, ...] = ()


class FlightChange(msgspec.Struct, frozen=True):
    """What operations did to a flight and why; `kind` is the event's tag.

    `note` is None where staff wrote none, or where it was erased.
    """

    kind: str
    reason: str
    note: str | None


def why(vault: Vault, reason: str) -> Why:
    """Return the code if the reason is one, else the code of the operation and a sealed note."""
    if reason in operations.REASONS:
        return Why(reason)
    subject, key = vault.new_subject()
    return Why(operations.OPERATIONAL, vault.seal(subject, reason.encode()), (key,))


async def opened_changes(vault: Vault, flight: Flight) -> list[FlightChange]:
    """Return what operations did to the flight, in order, with the notes opened."""
    boxes = [each.note for each in flight.changes if each.note is not None]
    texts = iter(await vault.open_all(boxes)) if boxes else iter(())
    changes = []
    for each in flight.changes:
        text = None if each.note is None else next(texts)
        changes.append(
            FlightChange(each.kind, each.reason, None if text is None else text.decode())
        )
    return changes
