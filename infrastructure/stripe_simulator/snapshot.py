"""The account in a file: written whole and renamed, read at the start of the next process."""

import heapq
from pathlib import Path

import msgspec

from infrastructure.stripe_simulator import intents
from infrastructure.stripe_simulator.account import Account
from infrastructure.stripe_simulator.configuration import Json, MoneySettings
from infrastructure.stripe_simulator.funds import Money
from infrastructure.stripe_simulator.idempotency import Record


class Snapshot(msgspec.Struct):
    """Everything that outlives a restart; endpoints come from the configuration again."""

    offset_seconds: int
    shelves: dict[str, list[Json]]
    keys: dict[str, Record]
    money: Money | None = None
    settings: MoneySettings | None = None


def encoded(account: Account) -> bytes:
    """Return the account as it is now."""
    snapshot = Snapshot(
        offset_seconds=account.clock.offset_seconds,
        shelves={name: list(shelf.objects.values()) for name, shelf in account.shelves().items()},
        keys={key: record for key, record in account.keys.records.items() if record.status},
        money=account.money,
        settings=account.settings,
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
    _load_money(account, snapshot)
    account.keys.records.update(snapshot.keys)
    for session in account.sessions.objects.values():
        if session["status"] == "open":
            heapq.heappush(account.deadlines, (session["expires_at"], session["id"]))
    for intent in account.intents.objects.values():
        if intent["status"] == "processing":
            intents.expect_answer(account, intent)


def _load_money(account: Account, snapshot: Snapshot) -> None:
    """Restore the money; a file of an older simulator has only its transactions."""
    if snapshot.settings is not None:
        account.settings = snapshot.settings
    if snapshot.money is not None:
        account.money = snapshot.money
        return
    for transaction in account.balance_transactions.objects.values():
        account.money.funds.add(transaction)
