"""Searches everything that a running system stores for personal data and for card numbers.

All tables as the server sends them, all files of the data folder, logs, queue and letters; and, as
ciphertext alone proves nothing, every sealed box that a key which is still there opens.
"""

import base64
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psycopg
import redis
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from infrastructure.sealing import master_key
from tests.support.running_system import System

NONCE_BYTES = 12
# How a sealed box stands in the canonical JSON of an event.
BOX = re.compile(r'\{"subject":"(sub_[0-9a-v]{26})","box":"([^"]*)"\}|'
                 r'\{"box":"([^"]*)","subject":"(sub_[0-9a-v]{26})"\}')  # fmt: skip
DIGITS = re.compile(rb"(?<![0-9A-Za-z.+])[0-9]+(?:[ -][0-9]+)*(?![0-9A-Za-z])")
# Ids of requests and events are written so (RFC 9562); their groups may be digits alone.
IDENTIFIER = re.compile(rb"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
CARD_DIGITS = range(13, 20)
# The first digits that card networks issue (ISO/IEC 7812), with the lengths of their numbers:
# tickets, instants and amounts have as many digits and may pass the check digit too.
NETWORKS = (
    (re.compile(r"4"), {13, 16, 19}),
    (re.compile(r"5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720"), {16}),
    (re.compile(r"3[47]"), {15}),
    (re.compile(r"30[0-5]|36|38"), set(range(14, 20))),
    (re.compile(r"35|6011|64[4-9]|65|62|60|588|9792"), set(range(16, 20))),
)


def spellings(text: str) -> set[bytes]:
    """The text plain, escaped in JSON, as UTF-16, in hexadecimal, and in base64 at each offset."""
    encoded = text.encode()
    wide = {text.encode("utf-16-le"), text.encode("utf-16-be")}
    found = {encoded, json.dumps(text)[1:-1].encode(), *wide}
    found |= {each.hex().encode() for each in (encoded, *wide)}
    found |= {each.hex().upper().encode() for each in (encoded, *wide)}
    for alphabet in (base64.b64encode, base64.urlsafe_b64encode):
        for offset in range(3):
            # Without the symbols at both ends, which what stands beside the text changes.
            symbols = alphabet(bytes(offset) + encoded).rstrip(b"=")
            skipped, rest = (0, 2, 3)[offset], (len(encoded) + offset) % 3
            found.add(symbols[skipped : len(symbols) - (1 if rest else 0)])
    return found


def places_of(needles: Sequence[str], stores: Iterator[tuple[str, bytes]]) -> set[tuple[str, str]]:
    """Which needles are in which stores, in any spelling."""
    wanted = {needle: spellings(needle) for needle in needles}
    return {
        (store, needle)
        for store, content in stores
        for needle, forms in wanted.items()
        if any(form in content for form in forms)
    }


def stores(system: System) -> Iterator[tuple[str, bytes]]:
    """Everything that is stored: tables, opened boxes, files, queue."""
    with psycopg.connect(system.owner_dsn) as connection:
        yield from tables(connection)
        yield "opened boxes", b"\n".join(opened_boxes(connection, system))
    yield from files(system.folder)
    if system.settings.redis_url is not None:
        yield "queue", _queue(system.settings.redis_url)


def tables(connection: "psycopg.Connection[Any]") -> Iterator[tuple[str, bytes]]:
    """Each table as COPY writes it, and its binary columns as bytes besides."""
    names = connection.execute(
        "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables "
        "WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1"
    ).fetchall()
    assert len(names) > 20
    for (name,) in names:
        with connection.cursor().copy(f"COPY (SELECT * FROM {name}) TO STDOUT".encode()) as copied:
            content = b"".join(bytes(part) for part in copied)
        rows = connection.execute(f"SELECT * FROM {name}".encode()).fetchall()
        raw = b"\n".join(bytes(each) for row in rows for each in row if isinstance(each, bytes))
        yield name, content + raw


def opened_boxes(connection: "psycopg.Connection[Any]", system: System) -> list[bytes]:
    """What every sealed box holds whose key is still there."""
    keys = _keys(connection, system)
    boxes: list[tuple[str, bytes]] = []
    for (payload,) in connection.execute("SELECT payload FROM ledger.event").fetchall():
        text = payload.decode()
        matches = [match.groups() for match in BOX.finditer(text)]
        assert len(matches) == text.count('"box":"'), text
        boxes += [
            (one or two, base64.b64decode(first or second)) for one, first, second, two in matches
        ]
    for query in (
        "SELECT subject, sealed_body FROM inbox.stripe_event",
        "SELECT subject, email FROM identity.app_user",
        "SELECT u.subject, s.device FROM identity.session AS s "
        "JOIN identity.app_user AS u ON u.id = s.user_id WHERE s.device IS NOT NULL",
        "SELECT u.subject, f.secret FROM identity.second_factor AS f "
        "JOIN identity.app_user AS u ON u.id = f.user_id",
        "SELECT u.subject, p.details FROM identity.saved_passenger AS p "
        "JOIN identity.app_user AS u ON u.id = p.user_id",
        "SELECT subject, email FROM identity.mailed_link WHERE email IS NOT NULL",
        "SELECT coalesce(l.subject, u.subject), l.replaced_email FROM identity.mailed_link AS l "
        "LEFT JOIN identity.app_user AS u ON u.id = l.user_id "
        "WHERE l.replaced_email IS NOT NULL",
    ):
        boxes += connection.execute(query.encode()).fetchall()
    return [
        AESGCM(keys[subject]).decrypt(box[:NONCE_BYTES], box[NONCE_BYTES:], subject.encode())
        for subject, box in boxes
        if subject in keys and box
    ]


def _keys(connection: "psycopg.Connection[Any]", system: System) -> dict[str, bytes]:
    master = master_key.parse(system.settings.master_key.reveal())
    rows = connection.execute("SELECT subject, wrapped FROM vault.subject_key").fetchall()
    assert rows
    return {subject: master.unwrap(subject.encode(), wrapped) for subject, wrapped in rows}


def files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file of the data folder: letters, logs, documents, and the files of the servers."""
    count = 0
    for path in sorted(folder.rglob("*")):
        try:
            if path.is_file():
                yield str(path.relative_to(folder)), path.read_bytes()
                count += 1
        except FileNotFoundError:
            continue  # a server has removed it meanwhile
    assert count > 10


def _queue(redis_url: str) -> bytes:
    client = redis.Redis.from_url(redis_url)
    try:
        found = [(key, client.dump(key)) for key in client.scan_iter()]
    finally:
        client.close()
    return b"\n".join(key + (content or b"") for key, content in found)


def card_numbers_in(content: bytes) -> list[str]:
    """Numbers of 13 to 19 digits that may be a card's: network, length and check digit fit."""
    return [
        number
        for match in DIGITS.finditer(IDENTIFIER.sub(b"", content))
        for number in _joined(re.split("[ -]", match[0].decode()))
        if _is_of_network(number) and _passes_luhn(number)
    ]


def _joined(groups: Sequence[str]) -> Iterator[str]:
    """Each row of neighbouring groups of digits that is as long as a card's number."""
    for start in range(len(groups)):
        number = ""
        for group in groups[start:]:
            number += group
            if len(number) in CARD_DIGITS:
                yield number
            if len(number) >= CARD_DIGITS.stop:
                break


def _is_of_network(number: str) -> bool:
    return any(first.match(number) and len(number) in lengths for first, lengths in NETWORKS)


def _passes_luhn(number: str) -> bool:
    """The check digit of ISO/IEC 7812-1, annex B."""
    total = 0
    for place, symbol in enumerate(reversed(number)):
        digit = int(symbol) * (1 + place % 2)
        total += digit - 9 if digit > 9 else digit
    return total % 10 == 0
