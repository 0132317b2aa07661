"""Sealing under a key per subject; deleting the key erases the person."""

import time
from collections.abc import AsyncIterator

import psycopg
import pytest

from application.ports import Unavailable, WrappedKey
from domain.kernel.sealed import Sealed
from infrastructure.postgres import pool as pools
from infrastructure.sealing import master_key, vault
from infrastructure.sealing.master_key import KeyUnwrapFailed
from infrastructure.sealing.vault import BoxTampered, SubjectKeyNotOpen, SubjectVault
from tests.support.http_client import Seconds
from tests.support.servers import TestDatabase

KEYS = master_key.parse(master_key.generated())


@pytest.fixture
async def pool(database: TestDatabase) -> AsyncIterator[pools.Pool]:
    opened = pools.make_pool(database.app_dsn)
    await opened.open()
    yield opened
    await opened.close()


def made(pool: pools.Pool, clock: Seconds | None = None) -> SubjectVault:
    return SubjectVault(pool, KEYS, monotonic=clock or Seconds(), time_ns=time.time_ns)


async def keep(pool: pools.Pool, key: WrappedKey) -> None:
    async with pool.connection() as connection:
        await connection.execute(
            "INSERT INTO vault.subject_key (subject, wrapped) VALUES (%s, %s)",
            (key.subject, key.wrapped),
        )


def erase(database: TestDatabase, subject: str) -> None:
    with psycopg.connect(database.owner_dsn) as connection:
        connection.execute("DELETE FROM vault.subject_key WHERE subject = %s", (subject,))


async def test_a_process_opens_what_another_sealed(pool: pools.Pool) -> None:
    writer, reader = made(pool), made(pool)
    subject, key = writer.new_subject()
    box = writer.seal(subject, "ليلى".encode())
    await keep(pool, key)
    assert await reader.open_all([box]) == ["ليلى".encode()]
    assert "ليلى".encode() not in box.box


async def test_equal_texts_are_sealed_differently(pool: pools.Pool) -> None:
    writer = made(pool)
    subject, _ = writer.new_subject()
    assert writer.seal(subject, b"same").box != writer.seal(subject, b"same").box


async def test_many_boxes_keep_their_order_and_erased_ones_are_none(
    pool: pools.Pool, database: TestDatabase
) -> None:
    writer = made(pool)
    boxes = []
    for number in range(20):
        subject, key = writer.new_subject()
        await keep(pool, key)
        boxes += [writer.seal(subject, b"%d" % number), writer.seal(subject, b"again")]
    erase(database, boxes[6].subject)
    opened = await made(pool).open_all(boxes)
    expected = [text for number in range(20) for text in (b"%d" % number, b"again")]
    assert opened[6:8] == [None, None]
    assert opened[:6] + opened[8:] == expected[:6] + expected[8:]
    assert await made(pool).open_all([]) == []


async def test_an_erasure_takes_effect_within_a_minute(
    pool: pools.Pool, database: TestDatabase
) -> None:
    clock = Seconds()
    each = made(pool, clock)
    subject, key = each.new_subject()
    await keep(pool, key)
    box = each.seal(subject, b"Layla")
    erase(database, subject)
    clock.now += vault.OPEN_KEY_LIFE_SECONDS + 0.1
    assert await each.open_all([box]) == [None]


async def test_reading_again_and_again_does_not_keep_an_erased_key_alive(
    pool: pools.Pool, database: TestDatabase
) -> None:
    clock = Seconds()
    each = made(pool, clock)
    subject, key = each.new_subject()
    await keep(pool, key)
    box = each.seal(subject, b"Layla")
    erase(database, subject)
    for _ in range(7):
        clock.now += 10
        opened = await each.open_all([box])
    assert opened == [None]


@pytest.mark.parametrize("change", ["flip", "cut", "empty", "nonce", "other subject"])
async def test_a_tampered_box_is_an_error_and_not_an_erasure(pool: pools.Pool, change: str) -> None:
    each = made(pool)
    subject, _ = each.new_subject()
    other, _ = each.new_subject()
    good = each.seal(subject, b"Layla").box
    bad = {
        "flip": Sealed(subject, good[:-1] + bytes([good[-1] ^ 1])),
        "cut": Sealed(subject, good[:-1]),
        "empty": Sealed(subject, b""),
        "nonce": Sealed(subject, bytes([good[0] ^ 1]) + good[1:]),
        "other subject": Sealed(other, good),
    }[change]
    with pytest.raises(BoxTampered):
        await each.open_all([bad])


async def test_a_key_row_of_another_master_key_is_an_error(pool: pools.Pool) -> None:
    writer = made(pool)
    subject, _ = writer.new_subject()
    box = writer.seal(subject, b"Layla")
    another = master_key.parse(master_key.generated())
    await keep(pool, WrappedKey(subject, another.wrap(subject.encode(), b"k" * 32)))
    with pytest.raises(KeyUnwrapFailed):
        await made(pool).open_all([box])


async def test_sealing_needs_a_key_made_or_opened_recently(pool: pools.Pool) -> None:
    clock = Seconds()
    each = made(pool, clock)
    with pytest.raises(SubjectKeyNotOpen):
        each.seal("sub_unknown", b"Layla")
    subject, key = each.new_subject()
    await keep(pool, key)
    box = each.seal(subject, b"Layla")
    clock.now += vault.SEAL_KEY_LIFE_SECONDS + 1
    with pytest.raises(SubjectKeyNotOpen):
        each.seal(subject, b"Layla")
    await each.open_all([box])
    assert await each.open_all([each.seal(subject, b"again")]) == [b"again"]


async def test_keys_in_memory_are_bounded(
    pool: pools.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vault, "OPEN_KEY_LIMIT", 3)
    each = made(pool)
    subjects = [each.new_subject()[0] for _ in range(5)]
    for subject in subjects[:2]:
        with pytest.raises(SubjectKeyNotOpen):
            each.seal(subject, b"Layla")
    for subject in subjects[2:]:
        each.seal(subject, b"Layla")


async def test_subjects_sort_by_the_time_they_were_made(pool: pools.Pool) -> None:
    moments = iter(range(10**18, 10**18 + 50_000_000, 1_000_000))
    each = SubjectVault(pool, KEYS, monotonic=Seconds(), time_ns=lambda: next(moments))
    subjects = [each.new_subject()[0] for _ in range(50)]
    assert subjects == sorted(subjects)
    assert {len(subject) for subject in subjects} == {30}


async def test_a_lost_database_is_unavailable(pool: pools.Pool) -> None:
    writer = made(pool)
    subject, _ = writer.new_subject()
    box = writer.seal(subject, b"Layla")
    away = pools.make_pool("host=/nonexistent dbname=x")
    away._timeout = 0.2
    await away.open(wait=False)
    try:
        with pytest.raises(Unavailable):
            await made(away).open_all([box])
    finally:
        await away.close()


def test_the_application_can_neither_change_nor_destroy_a_key(database: TestDatabase) -> None:
    for attack in (
        "DELETE FROM vault.subject_key",
        "UPDATE vault.subject_key SET wrapped = ''",
        "TRUNCATE vault.subject_key",
    ):
        with (
            psycopg.connect(database.app_dsn) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(attack.encode())
