"""Builds what sends letters and text messages: through a server or a gateway, or into folders."""

from pathlib import Path

from application.booking.send_text import TextSender
from application.commands.dispatcher import Dispatcher
from application.mail import Mailer, ReportedMailer
from application.ports import Clock
from application.text_messages import RecordedMessenger, TextMessenger
from infrastructure.mail.bounces import PostgresBounces
from infrastructure.mail.file_mailbox import FileMailbox
from infrastructure.mail.smtp_mailer import SmtpMailer, SmtpServer
from infrastructure.postgres.pool import Pool
from infrastructure.sealing.vault import SubjectVault
from infrastructure.sms.file_outbox import FileTextOutbox
from infrastructure.sms.http_gateway import HttpTextGateway
from infrastructure.sms.sent_texts import PostgresSentTexts
from interfaces.settings import Settings

MAILBOX_FOLDER = "mail"
TEXT_FOLDER = "sms"


def mailbox_of(settings: Settings) -> FileMailbox:
    """Return the folder that letters are written to."""
    return FileMailbox(
        Path(settings.data_dir) / MAILBOX_FOLDER, sender=f"{settings.airline_name} <mail@invalid>"
    )


def mailer_of(settings: Settings, pool: Pool, now: Clock) -> Mailer:
    """Return the mailer of the server that is set; without one, that of the folder."""
    server, sender = settings.smtp_url, settings.mail_from
    mailer: Mailer = mailbox_of(settings)
    if server is not None and sender is not None:
        login = SmtpServer(
            host=server.host,
            port=server.port,
            encrypted_from_start=server.encrypted_from_start,
            username=server.username,
            password=server.password,
        )
        mailer = SmtpMailer(login, sender=sender, name=settings.airline_name, now=now)
    return ReportedMailer(mailer, PostgresBounces(pool), now=now)


def text_outbox_of(settings: Settings) -> FileTextOutbox | None:
    """Return the folder that text messages are written to; none where letters go to a server."""
    if settings.sms_url is not None or settings.smtp_url is not None:
        return None
    folder = Path(settings.data_dir) / TEXT_FOLDER
    return FileTextOutbox(folder, sender=settings.sms_sender or settings.airline_name)


def texts_of(settings: Settings, pool: Pool, bus: Dispatcher, vault: SubjectVault) -> TextSender:
    """Return what sends text messages about bookings."""
    messenger = _messenger(settings, pool)
    return TextSender(bus=bus, vault=vault, messenger=messenger, airline=settings.airline_name)


def _messenger(settings: Settings, pool: Pool) -> TextMessenger | None:
    """Return what sends text messages; None where none are sent."""
    url, token, sender = settings.sms_url, settings.sms_token, settings.sms_sender
    messenger: TextMessenger | None = text_outbox_of(settings)
    if url is not None and token is not None and sender is not None:
        messenger = HttpTextGateway(url.text, token=token.reveal(), sender=sender)
    return None if messenger is None else RecordedMessenger(messenger, PostgresSentTexts(pool))
