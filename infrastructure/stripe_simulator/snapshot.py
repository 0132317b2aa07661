"""The account in a file: written whole and renamed, read at the start of the next process."""

import heapq
from pathlib import Path

import msgspec

from infrastructure.stripe_simulator.account import Account
from infrastructure.stripe_simulator.configuration import Json
from infrastructure.stripe_simulator.idempotency import Record


class Snapshot(msgspec.Struct):
    """Everything that outlives a restart; endpoints come from the configuration again."""

    offset_seconds: int
    shelves: dict[str, list[Json]]
    keys: dict[str, Record]


def encoded(account: Account) -> bytes:
    """Return the account as it is now."""
    snapshot = Snapshot(
        offset_seconds=account.clock.offset_seconds,
        shelves={name: list(shelf.objects.values()) for name, shelf in account.shelves().items()},
        keys={key: record for key, record in account.keys.records.items() if record.status},
    )
    return msgspec.json.encode(snapshot)


def save(content: bytes, path: Path) -> None:
    """Replace the file in one step."""
    fresh = path.with_suffix(path.suffix + ".new")
    fresh.write_bytes(content)
    fresh.replace(path)


def load(account: Account, path: Path) -> None:
    """Fill an empty account from the file; a missing file leaves it empty."""
    if not path.exists():
        return
    snapshot = msgspec.json.decode(path.read_bytes(), type=Snapshot)
    account.clock.offset_seconds = snapshot.offset_seconds
    for name, shelf in account.shelves().items():
        for item in snapshot.shelves.get(name, []):
            shelf.put(item)
    account.keys.records.update(snapshot.keys)
    for session in account.sessions.objects.values():
        if session["status"] == "open":
            heapq.heappush(account.deadlines, (session["expires_at"], session["id"]))
