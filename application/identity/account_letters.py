"""Letters about accounts: the background task and its words in both languages.

A link leads to a page of ours, with its token as the only parameter: the page has no script, sends
no referrer and is stored nowhere, and no log of ours has parameters.
"""

from collections.abc import Mapping
from typing import ClassVar, Literal

import msgspec

from application import ports
from application.mail import Language
from domain.identity.links import LinkPurpose


class AccountLinkLetter(ports.BackgroundTask, frozen=True):
    """A link was made; the database enqueues its letter with it."""

    topic: ClassVar[str] = "mail.account_link"

    link_id: str


class AccountNoticeLetter(ports.BackgroundTask, frozen=True):
    """Something happened to an account; the database enqueues the letter about it."""

    topic: ClassVar[str] = "mail.account_notice"

    notice_id: int


Page = Literal[
    "reset-password",
    "verify-email",
    "accept-invitation",
    "reset-second-factor",
    "not-me",
    "keep-account",
]
"""The pages under `/account/`."""


class Words(msgspec.Struct, frozen=True):
    """Subject and text, with placeholders."""

    subject: str
    text: str


# The page that a link leads to, by its purpose.
PAGES: Mapping[LinkPurpose, Page] = {
    "reset_password": "reset-password",
    "secure_account": "reset-password",
    "verify_email": "verify-email",
    "change_email": "verify-email",
    "invitation": "accept-invitation",
    "reset_second_factor": "reset-second-factor",
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
    "secure_account": {
        "en": Words(
            "Your account is secured: choose a new password",
            "Hello,\n\nall devices are signed out of your account at {airline}, and its password "
            "works no more. Choose a new one with this link, which works once, within 30 "
            "minutes:\n\n    {link}\n\nLater you have another one mailed.\n",
        ),
        "ar": Words(
            "تم تأمين حسابك: اختر كلمة مرور جديدة",
            "مرحبًا،\n\nخرجت جميع الأجهزة من حسابك لدى {airline}، ولم تعد كلمة مروره تعمل. اختر "
            "كلمة جديدة بهذا الرابط الذي يعمل مرة واحدة خلال 30 دقيقة:\n\n    {link}\n\nبعد ذلك "
            "يمكنك طلب رابط آخر.\n",
        ),
    },
    "verify_email": {
        "en": Words(
            "Confirm your e-mail address",
            "Hello,\n\nplease confirm that this is the address of your account at {airline}. Open "
            "the link and enter your password; it works once, within 3 days:\n\n    {link}\n\nIf "
            "you have no account, ignore this letter.\n",
        ),
        "ar": Words(
            "أكّد بريدك الإلكتروني",
            "مرحبًا،\n\nأكّد أن هذا هو بريد حسابك لدى {airline}. افتح الرابط وأدخل كلمة مرورك؛ "
            "يعمل مرة واحدة خلال 3 أيام:\n\n    {link}\n\nإن لم يكن لديك حساب فتجاهل هذه "
            "الرسالة.\n",
        ),
    },
    "change_email": {
        "en": Words(
            "Confirm your new e-mail address",
            "Hello,\n\nplease confirm that your account at {airline} shall have this address. Open "
            "the link and enter your password; it works once, within a day:\n\n    {link}\n\nUntil "
            "then your account keeps its address. If you did not ask for it, ignore this "
            "letter.\n",
        ),
        "ar": Words(
            "أكّد بريدك الإلكتروني الجديد",
            "مرحبًا،\n\nأكّد أن حسابك لدى {airline} سيستخدم هذا البريد. افتح الرابط وأدخل كلمة "
            "مرورك؛ يعمل مرة واحدة خلال يوم:\n\n    {link}\n\nيبقى بريدك الحالي حتى ذلك الحين. "
            "إن لم تطلب ذلك فتجاهل هذه الرسالة.\n",
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
    "reset_second_factor": {
        "en": Words(
            "Confirm that you have lost your authenticator app",
            "Hello,\n\nour staff were asked to remove the second factor of your account at "
            "{airline}. If you have lost your app and your recovery codes, confirm it with this "
            "link, which works once, within a day:\n\n    {link}\n\n24 hours later you sign in "
            "with your password alone, and enrol an app again. If you did not ask for it, ignore "
            "this letter: nothing changes.\n",
        ),
        "ar": Words(
            "أكّد أنك فقدت تطبيق المصادقة",
            "مرحبًا،\n\nطُلب من موظفينا إزالة العامل الثاني لحسابك لدى {airline}. إن فقدت التطبيق "
            "ورموز الاسترداد فأكّد ذلك بهذا الرابط الذي يعمل مرة واحدة خلال يوم:\n\n    {link}\n\n"
            "بعد 24 ساعة تسجّل الدخول بكلمة مرورك وحدها، ثم تسجّل تطبيقًا من جديد. إن لم تطلب ذلك "
            "فتجاهل هذه الرسالة: لن يتغير شيء.\n",
        ),
    },
}
