"""Letters that came back are recorded once, without an address; their reports are removed."""

import datetime as dt
import mailbox
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from application.mail import Bounce, Letter, LetterRefused, ReportedMailer
from application.record_bounces import record_bounces
from infrastructure.mail.bounce_reports import BounceFolder, failure_of
from infrastructure.mail.bounces import PostgresBounces
from infrastructure.postgres.pool import make_pool
from tests.support.servers import TestDatabase

AT = dt.datetime(2026, 11, 27, 12, 0, tzinfo=dt.UTC)

REPORT = b"""\
From: MAILER-DAEMON@mx.example
To: bookings@airline.example
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

noura@example.com: no such mailbox

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example
%(envelope)s
Final-Recipient: rfc822; noura@example.com
Action: %(action)s
Status: %(status)s

--b
Content-Type: %(type)s

Message-ID: <booking-confirmed-ABC234@airline.example>
To: noura@example.com

--b--
"""


def report(
    *,
    action: str = "failed",
    status: str = "5.1.1",
    envelope: str = "",
    type_: str = "text/rfc822-headers",
) -> bytes:
    parts = {"action": action, "status": status, "envelope": envelope, "type": type_}
    return REPORT % {name.encode(): value.encode() for name, value in parts.items()}


@pytest.fixture
async def bounces(database: TestDatabase) -> AsyncIterator[PostgresBounces]:
    async with make_pool(database.app_dsn) as pool:
        yield PostgresBounces(pool)


@pytest.mark.parametrize("type_", ["text/rfc822-headers", "message/rfc822"])
def test_the_letter_of_a_report_is_found_by_its_headers(type_: str) -> None:
    assert failure_of(report(type_=type_)) == ("booking-confirmed-ABC234", "5.1.1")


def test_the_letter_that_the_report_names_comes_first() -> None:
    named = report(envelope="Original-Envelope-Id: notice-7\n")
    assert failure_of(named) == ("notice-7", "5.1.1")


@pytest.mark.parametrize(
    "content",
    [
        report(action="delayed", status="4.4.1"),
        report(action="delivered", status="2.1.5"),
        report(status="5.1.1; DROP TABLE"),
        b"From: a@b.example\n\nI am away until Monday.",
        b"",
        b"\xff\x00",
        report()[:200],
    ],
)
def test_what_reports_no_final_failure_is_no_bounce(content: bytes) -> None:
    assert failure_of(content) is None


async def test_reports_are_recorded_once_and_removed(
    bounces: PostgresBounces, tmp_path: Path
) -> None:
    box = mailbox.Maildir(tmp_path / "mail")
    for content in (report(), report(status="5.2.2"), b"Subject: away\n\nuntil Monday"):
        box.add(content)
    folder = BounceFolder(tmp_path / "mail", now=lambda: AT)
    await record_bounces(folder, bounces)
    (kept,) = await bounces.newest(limit=10)
    assert (kept.letter, kept.at) == ("booking-confirmed-ABC234", AT)
    assert not list(box.keys())
    await record_bounces(folder, bounces)
    assert len(await bounces.newest(limit=10)) == 1


async def test_a_letter_that_the_server_refuses_is_recorded_as_a_bounce(
    bounces: PostgresBounces,
) -> None:
    class Refusing:
        async def send(self, letter: Letter) -> None:
            raise LetterRefused("5.1.1")

    mailer = ReportedMailer(Refusing(), bounces, now=lambda: AT)
    letter = Letter(id="notice-8", to="noura@example.com", subject="s", text="t")
    await mailer.send(letter)
    await mailer.send(letter)
    assert await bounces.newest(limit=10) == [Bounce("notice-8", "5.1.1", AT)]
