"""Sends letters by SMTP (RFC 5321), always encrypted, as text and HTML.

A letter has the same Message-ID and envelope id at every try: readers' mail programs recognise a
letter that was sent twice because the reply to the first was lost.
"""

import datetime as dt
import email.message
import email.policy
import email.utils
import re
import ssl
from collections.abc import Callable

import aiosmtplib
import msgspec

from application import ports
from application.mail import Letter, LetterRefused
from infrastructure.mail.html_page import page_of

TIMEOUT_SECONDS = 8.0
# RFC 3463: the status that a server puts before its words.
_status = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
# What answers with 5 for a reason that an operator ends, such as a wrong password: RFC 4954.
_is_for_operator = frozenset({530, 534, 535, 538})


class SmtpServer(msgspec.Struct, frozen=True):
    """Where letters are handed over, and the login there.

    A connection is encrypted from the start (RFC 8314) or goes on only once STARTTLS has encrypted
    it (RFC 3207).
    """

    host: str
    port: int
    encrypted_from_start: bool
    username: str | None = None
    password: str | None = None


class SmtpMailer:
    """`application.mail.Mailer` over a server; a connection of its own for each letter.

    `sender` is an address, also that to which bounces go; `name` is shown with it.
    """

    def __init__(
        self,
        server: SmtpServer,
        *,
        sender: str,
        name: str,
        now: Callable[[], dt.datetime],
        tls: ssl.SSLContext | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self._server = server
        self._sender = sender
        self._name = name
        self._now = now
        self._tls = tls or ssl.create_default_context()
        self._timeout = timeout_seconds

    async def send(self, letter: Letter) -> None:
        """Hand the letter over; see Mailer."""
        try:
            await self._hand_over(letter)
        except aiosmtplib.SMTPRecipientsRefused as refused:
            self._refused(refused.recipients[0])
        except aiosmtplib.SMTPResponseException as refused:
            self._refused(refused)
        except aiosmtplib.SMTPNotSupported as error:
            if not letter.to.isascii():
                raise LetterRefused("5.6.7") from error  # RFC 6531, 3.7.4.2
            raise ports.Unavailable("mail") from error
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            raise ports.Unavailable("mail") from error

    async def _hand_over(self, letter: Letter) -> None:
        server = self._server
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.username,
            password=server.password,
            timeout=self._timeout,
            use_tls=server.encrypted_from_start,
            start_tls=not server.encrypted_from_start,
            tls_context=self._tls,
        )
        async with client:
            reports = client.supports_extension("dsn")
            await client.send_message(
                self.message_of(letter),
                sender=self._sender,
                recipients=[letter.to],
                # RFC 3461: a bounce names the letter, and has no words of it.
                mail_options=["RET=HDRS", f"ENVID={letter.id}"] if reports else [],
                rcpt_options=["NOTIFY=FAILURE"] if reports else [],
            )

    def message_of(self, letter: Letter) -> email.message.EmailMessage:
        """Return the letter as text and HTML (RFC 2046, 5.1.4), marked as written by a program."""
        message = email.message.EmailMessage(policy=email.policy.SMTP)
        message["Message-ID"] = f"<{letter.id}@{self._sender.rpartition('@')[2]}>"
        message["Date"] = self._now()
        message["From"] = email.utils.formataddr((self._name, self._sender))
        message["To"] = letter.to
        message["Subject"] = letter.subject
        message["Content-Language"] = letter.language
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no answer from absent readers
        message.set_content(letter.text)
        message.add_alternative(page_of(letter), subtype="html")
        return message

    @staticmethod
    def _refused(error: aiosmtplib.SMTPResponseException) -> None:
        """Raise what an answer of the server means."""
        if error.code < 500 or error.code in _is_for_operator:
            raise ports.Unavailable("mail") from error
        found = _status.search(error.message)
        raise LetterRefused(found[0] if found else "5.0.0") from error
