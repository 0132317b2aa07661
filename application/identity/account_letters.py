"""Letters about accounts: the background task and its words in both languages.

A link has its token behind `#`: browsers send that part to no server, and it is in no log.
"""

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from application import ports
from application.mail import Language
from domain.identity.links import LinkPurpose


class AccountLinkLetter(ports.BackgroundTask, frozen=True):
    """A link was made; the database enqueues its letter with it."""

    topic: ClassVar[str] = "mail.account_link"

    link_id: str


class EmailChangedLetter(ports.BackgroundTask, frozen=True):
    """The address of an account was changed; the notice goes to the one that it had."""

    topic: ClassVar[str] = "mail.email_changed"

    link_id: str


class Words(msgspec.Struct, frozen=True):
    """Subject and text, with placeholders."""

    subject: str
    text: str


# The page of the site that reads the token, by purpose.
PAGES: Mapping[LinkPurpose, str] = {
    "reset_password": "reset-password",
    "verify_email": "verify-email",
    "change_email": "verify-email",
    "invitation": "accept-invitation",
}

LINK_LETTERS: Mapping[LinkPurpose, Mapping[Language, Words]] = {
    "reset_password": {
        "en": Words(
            "Choose a new password",
            "Hello,\n\nwith this link you choose a new password for your account at {airline}. It "
            "works once, within 30 minutes:\n\n    {link}\n\nAll your devices are signed out by "
            "that. If you did not ask for it, ignore this letter: your password stays as it is.\n",
        ),
        "ar": Words(
            "اختر كلمة مرور جديدة",
            "مرحبًا،\n\nبهذا الرابط تختار كلمة مرور جديدة لحسابك لدى {airline}. يعمل الرابط مرة "
            "واحدة خلال 30 دقيقة:\n\n    {link}\n\nسيُسجَّل خروجك من جميع أجهزتك. إن لم تطلب ذلك "
            "فتجاهل هذه الرسالة: تبقى كلمة مرورك كما هي.\n",
        ),
    },
    "verify_email": {
        "en": Words(
            "Confirm your e-mail address",
            "Hello,\n\nplease confirm that this is the address of your account at {airline}. Open "
            "the link where you are signed in; it works once, within 3 days:\n\n    {link}\n\nIf "
            "you have no account, ignore this letter.\n",
        ),
        "ar": Words(
            "أكّد بريدك الإلكتروني",
            "مرحبًا،\n\nأكّد أن هذا هو بريد حسابك لدى {airline}. افتح الرابط حيث سجّلت الدخول؛ "
            "يعمل مرة واحدة خلال 3 أيام:\n\n    {link}\n\nإن لم يكن لديك حساب فتجاهل هذه "
            "الرسالة.\n",
        ),
    },
    "change_email": {
        "en": Words(
            "Confirm your new e-mail address",
            "Hello,\n\nplease confirm that your account at {airline} shall have this address. Open "
            "the link where you are signed in; it works once, within a day:\n\n    {link}\n\nUntil "
            "then your account keeps its address. If you did not ask for it, ignore this "
            "letter.\n",
        ),
        "ar": Words(
            "أكّد بريدك الإلكتروني الجديد",
            "مرحبًا،\n\nأكّد أن حسابك لدى {airline} سيستخدم هذا البريد. افتح الرابط حيث سجّلت الدخول؛ "
            "يعمل مرة واحدة خلال يوم:\n\n    {link}\n\nيبقى بريدك الحالي حتى ذلك الحين. إن لم تطلب "
            "ذلك فتجاهل هذه الرسالة.\n",
        ),
    },
    "invitation": {
        "en": Words(
            "Your account for staff of {airline}",
            "Hello,\n\nyou are invited to work with the bookings of {airline}. Choose a password "
            "with this link, which works once, within 3 days:\n\n    {link}\n\nIf you do not know "
            "why you are invited, ignore this letter.\n",
        ),
        "ar": Words(
            "حسابك كموظف لدى {airline}",
            "مرحبًا،\n\nأنت مدعو للعمل على حجوزات {airline}. اختر كلمة مرور بهذا الرابط الذي يعمل "
            "مرة واحدة خلال 3 أيام:\n\n    {link}\n\nإن كنت لا تعرف سبب الدعوة فتجاهل هذه "
            "الرسالة.\n",
        ),
    },
}

EMAIL_CHANGED: Mapping[Language, Words] = {
    "en": Words(
        "Your account has another e-mail address",
        "Hello,\n\nthe address of your account at {airline} was changed, and letters go to the new "
        "one from now on. If that was not you, write to us at once.\n",
    ),
    "ar": Words(
        "تغيّر البريد الإلكتروني لحسابك",
        "مرحبًا،\n\nتغيّر بريد حسابك لدى {airline}، وستصل الرسائل إلى البريد الجديد من الآن. إن "
        "لم تكن أنت من غيّره فراسلنا فورًا.\n",
    ),
}
