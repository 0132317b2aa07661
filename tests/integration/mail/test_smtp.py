"""Letters are handed to a real SMTP server, always over TLS with a certificate that is checked."""

import asyncio
import datetime as dt
import email
import email.message
import email.policy
import ssl
from collections.abc import Iterator

import pytest

from application import ports
from application.mail import Letter, LetterRefused
from infrastructure.mail.smtp_mailer import SmtpMailer, SmtpServer
from tests.support.mail_server import LOGIN, MailServer, mail_server

SENDER = "bookings@airline.example"
AT = dt.datetime(2026, 11, 27, 12, 0, tzinfo=dt.UTC)
LETTER = Letter(
    id="booking-confirmed-ABC234",
    to="noura@example.com",
    subject="تم تأكيد حجزك ABC234",
    text="عزيزتي <نورة>،\n\nhttps://air.example/account?a=1&b=2\n\n  ZZ 101 JED-RUH\n",
    kind="booking-confirmed",
    language="ar",
)


@pytest.fixture(scope="module", params=[True, False], ids=["smtps", "starttls"])
def server(request: pytest.FixtureRequest) -> Iterator[MailServer]:
    """A server that encrypts from the start, and one that does so by STARTTLS."""
    with mail_server(encrypted_from_start=request.param) as running:
        yield running


def mailer_of(
    server: MailServer,
    *,
    login: tuple[str, str] | None = LOGIN,
    tls: ssl.SSLContext | None = None,
    host: str = "127.0.0.1",
) -> SmtpMailer:
    """A mailer that trusts the server's authority, if no other context is given."""
    username, password = login or (None, None)
    address = SmtpServer(host, server.port, server.encrypted_from_start, username, password)
    return SmtpMailer(
        address,
        sender=SENDER,
        name="Rimal Air",
        now=lambda: AT,
        tls=tls or server.trusted,
        timeout_seconds=2.0,
    )


async def test_a_letter_arrives_as_text_and_html_in_its_direction(server: MailServer) -> None:
    server.taken.clear()
    await mailer_of(server).send(LETTER)
    (envelope,) = server.taken
    assert (envelope.mail_from, envelope.rcpt_tos) == (SENDER, [LETTER.to])
    assert server.users[-1] == LOGIN[0]
    content = envelope.content
    assert isinstance(content, bytes)
    message = email.message_from_bytes(content, policy=email.policy.SMTPUTF8)
    assert isinstance(message, email.message.EmailMessage)
    assert message["Message-ID"] == f"<{LETTER.id}@airline.example>"
    assert message["From"] == f"Rimal Air <{SENDER}>"
    assert str(message["Subject"]) == LETTER.subject
    assert message["Date"].datetime == AT
    assert message["Auto-Submitted"] == "auto-generated"
    text, page = message.get_body(["plain"]), message.get_body(["html"])
    assert text is not None and page is not None
    assert text.get_content().replace("\r\n", "\n") == LETTER.text
    shown = page.get_content()
    assert '<html lang="ar" dir="rtl">' in shown
    assert "عزيزتي &lt;نورة&gt;،" in shown
    assert '<a href="https://air.example/account?a=1&amp;b=2" dir="ltr">' in shown


async def test_an_address_of_any_script_is_written_to(server: MailServer) -> None:
    server.taken.clear()
    letter = Letter(id="a", to="نورة@example.com", subject="s", text="t")
    await mailer_of(server).send(letter)
    assert server.taken[0].rcpt_tos == [letter.to]


@pytest.mark.parametrize(
    ("answer", "status"), [("550 5.1.1 no such mailbox", "5.1.1"), ("550 no", "5.0.0")]
)
async def test_a_recipient_refused_for_good_is_not_tried_again(
    server: MailServer, answer: str, status: str
) -> None:
    server.answers.append(answer)
    with pytest.raises(LetterRefused) as refused:
        await mailer_of(server).send(LETTER)
    assert refused.value.status == status


@pytest.mark.parametrize("answer", ["451 4.7.1 greylisted", "452 4.2.2 full", "421 busy"])
async def test_a_recipient_refused_for_now_is_tried_again(server: MailServer, answer: str) -> None:
    server.answers.append(answer)
    with pytest.raises(ports.Unavailable):
        await mailer_of(server).send(LETTER)


async def test_a_wrong_password_waits_for_the_operator(server: MailServer) -> None:
    server.taken.clear()
    with pytest.raises(ports.Unavailable):
        await mailer_of(server, login=(LOGIN[0], "wrong")).send(LETTER)
    assert not server.taken


async def test_a_server_with_a_certificate_of_nobody_gets_no_letter(server: MailServer) -> None:
    server.taken.clear()
    server.users.clear()
    with pytest.raises(ports.Unavailable):
        await mailer_of(server, tls=ssl.create_default_context()).send(LETTER)
    with pytest.raises(ports.Unavailable):  # it is trusted, and has another name
        await mailer_of(server, host="localhost").send(LETTER)
    assert not server.taken and not server.users


async def test_a_server_without_tls_gets_neither_password_nor_letter() -> None:
    with mail_server(encrypted_from_start=False, offers_tls=False) as server:
        with pytest.raises(ports.Unavailable):
            await mailer_of(server).send(LETTER)
        assert not server.taken and not server.users


async def test_a_server_that_does_not_answer_is_left_in_time() -> None:
    hanging = await asyncio.start_server(lambda *_: asyncio.sleep(60), "127.0.0.1", 0)
    server = MailServer()
    server.port, server.encrypted_from_start = hanging.sockets[0].getsockname()[1], False
    began = asyncio.get_running_loop().time()
    with pytest.raises(ports.Unavailable):
        await mailer_of(server).send(LETTER)
    assert asyncio.get_running_loop().time() - began < 8
    hanging.close()


async def test_no_server_at_all_is_an_outage() -> None:
    server = MailServer()
    server.port, server.encrypted_from_start = 1, True
    with pytest.raises(ports.Unavailable):
        await mailer_of(server).send(LETTER)
