"""Letters in the folder of the demo are what mail programs read."""

import email
import email.message
import email.policy
from pathlib import Path

import pytest

from application import mail
from infrastructure.mail.file_mailbox import FileMailbox

SENDER = "bookings@airline.example"


@pytest.mark.parametrize(
    ("to", "subject", "text"),
    [
        ("noura@example.com", "Booking ABC234 is confirmed", "Dear Noura,\n\n  12A\n"),
        ("noura@example.com", "تم تأكيد الحجز ABC234", "عزيزتي نورة،\n\nالرحلة 12A\n"),
        ("noura@example.com", "تأكيد " * 20, "شكرا " * 300 + "\n"),
        ("نورة@example.com", "تم التأكيد", "مرحبا\n"),
    ],
)
async def test_a_letter_is_read_as_it_was_written(
    tmp_path: Path, to: str, subject: str, text: str
) -> None:
    letter = mail.Letter(id="confirmed-ABC234", to=to, subject=subject, text=text)
    await FileMailbox(tmp_path / "mail", sender=SENDER).send(letter)
    content = (tmp_path / "mail" / "confirmed-ABC234.eml").read_bytes()
    message = email.message_from_bytes(content, policy=email.policy.SMTPUTF8)
    assert isinstance(message, email.message.EmailMessage)
    assert (message["From"], message["To"]) == (SENDER, to)
    assert str(message["Subject"]).split() == subject.split()
    assert message["Message-ID"] == "<confirmed-ABC234@mail.invalid>"
    assert message.get_content().replace("\r\n", "\n") == text
    assert all(len(line) <= 998 for line in content.split(b"\r\n"))
