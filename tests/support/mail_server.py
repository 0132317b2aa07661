"""A mail server of a test: aiosmtpd with a certificate of its own authority."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.support.ports import free_port

LOGIN = ("ais", "p@ss/word")


class MailServer:
    """Keeps what it takes; `answers` are given to the next recipients, before they are taken."""

    def __init__(self) -> None:
        self.authority = trustme.CA()
        self.taken: list[Envelope] = []
        self.users: list[str] = []
        self.answers: list[str] = []
        self.port = 0
        self.encrypted_from_start = True

    @property
    def trusted(self) -> ssl.SSLContext:
        """How a client trusts it."""
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        return context

    async def handle_RCPT(  # noqa: N802 - a hook of aiosmtpd
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take a recipient, or give the next answer."""
        del server, session
        if self.answers:
            return self.answers.pop(0)
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep the letter."""
        del server, session
        self.taken.append(envelope)
        return "250 OK"

    def authenticator(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        """Compare with LOGIN."""
        del server, session, envelope, mechanism
        assert isinstance(data, LoginPassword)
        found = (data.login.decode(), data.password.decode())
        self.users.append(found[0])
        return AuthResult(success=found == LOGIN)


@contextmanager
def mail_server(*, encrypted_from_start: bool, offers_tls: bool = True) -> Iterator[MailServer]:
    """Serve on a free port of this machine; without TLS everything is taken in the clear."""
    server = MailServer()
    server.encrypted_from_start = encrypted_from_start
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.authority.issue_cert("127.0.0.1").configure_cert(context)
    upgrade = {"tls_context": context, "require_starttls": True} if offers_tls else {}
    controller = Controller(
        server,
        hostname="127.0.0.1",
        port=free_port(),
        ssl_context=context if encrypted_from_start else None,
        authenticator=server.authenticator,
        auth_require_tls=offers_tls and not encrypted_from_start,
        enable_SMTPUTF8=True,
        **({} if encrypted_from_start else upgrade),
    )
    controller.start()
    server.port = controller.port
    try:
        yield server
    finally:
        controller.stop()
