"""The words of letters about what happened to an account, in both languages.

Each says what to do if it was not the user. `{at}` is the instant in UTC, `{link}` the page that
secures the account, `{stop}` the one that stops an erasure.
"""

from collections.abc import Mapping
from typing import Literal, get_args

from application.identity.account_letters import Words
from application.mail import Language

NoticeKind = Literal[
    "password_changed",
    "email_changed",
    "email_replaced",
    "second_factor_added",
    "second_factor_removed",
    "second_factor_reset",
    "second_factor_reset_waiting",
    "recovery_code_used",
    "new_device",
    "erasure_requested",
]
NOTICE_KINDS: tuple[NoticeKind, ...] = get_args(NoticeKind)

_GREETING: Mapping[Language, str] = {"en": "Hello,\n\n", "ar": "مرحبًا،\n\n"}
_WHEN: Mapping[Language, str] = {
    "en": " That was on {at} UTC.\n\n",
    "ar": " كان ذلك في {at} بالتوقيت العالمي.\n\n",
}
_NOT_ME: Mapping[Language, str] = {
    "en": "If it was you, you need to do nothing. If it was not you, open this page at once: it "
    "signs all devices out and lets you choose a new password. It works once, within 7 days:\n\n"
    "    {link}\n",
    "ar": "إن كنت أنت من فعل ذلك فلا يلزمك شيء. وإن لم تكن أنت فافتح هذه الصفحة فورًا: تُخرج جميع "
    "الأجهزة من حسابك وتتيح لك اختيار كلمة مرور جديدة. تعمل مرة واحدة خلال 7 أيام:\n\n"
    "    {link}\n",
}
_GO_BACK: Mapping[Language, str] = {
    "en": "If it was not you, open this page at once: your account gets this address back, all "
    "devices are signed out, and you choose a new password. It works once, within 7 days:\n\n"
    "    {link}\n",
    "ar": "إن لم تكن أنت فافتح هذه الصفحة فورًا: يستعيد حسابك هذا البريد، وتُخرج جميع الأجهزة منه، "
    "وتختار كلمة مرور جديدة. تعمل مرة واحدة خلال 7 أيام:\n\n"
    "    {link}\n",
}
_STOP: Mapping[Language, str] = {
    "en": "It is done by itself once nothing is open any more. Until then you can keep your "
    "account with this page:\n\n    {stop}\n\nIf it was not you who asked, open this page "
    "instead: it keeps your account, signs all devices out and lets you choose a new password:"
    "\n\n    {link}\n",
    "ar": "يتم ذلك تلقائيًا حين لا يبقى شيء معلّق. وحتى ذلك الحين يمكنك الاحتفاظ بحسابك من هذه "
    "الصفحة:\n\n    {stop}\n\nإن لم تكن أنت من طلب ذلك فافتح هذه الصفحة بدلًا منها: تحتفظ بحسابك "
    "وتُخرج جميع الأجهزة منه وتتيح لك اختيار كلمة مرور جديدة:\n\n    {link}\n",
}

# Subject and what happened, in both languages.
_HAPPENED: Mapping[NoticeKind, Mapping[Language, tuple[str, str]]] = {
    "password_changed": {
        "en": (
            "Your password was changed",
            "the password of your account at {airline} was changed.",
        ),
        "ar": ("تغيّرت كلمة مرورك", "تغيّرت كلمة مرور حسابك لدى {airline}."),
    },
    "email_changed": {
        "en": (
            "Your account has this e-mail address now",
            "your account at {airline} has this address from now on, and letters come here.",
        ),
        "ar": (
            "أصبح هذا بريد حسابك",
            "أصبح هذا بريد حسابك لدى {airline}، وستصل الرسائل إليه من الآن.",
        ),
    },
    "email_replaced": {
        "en": (
            "Your account has another e-mail address",
            "the address of your account at {airline} was changed, and letters go to the new one "
            "from now on.",
        ),
        "ar": (
            "تغيّر البريد الإلكتروني لحسابك",
            "تغيّر بريد حسابك لدى {airline}، وستصل الرسائل إلى البريد الجديد من الآن.",
        ),
    },
    "second_factor_added": {
        "en": (
            "An authenticator app was added to your account",
            "signing in to your account at {airline} needs a code of an authenticator app from "
            "now on.",
        ),
        "ar": (
            "أُضيف تطبيق مصادقة إلى حسابك",
            "يتطلب تسجيل الدخول إلى حسابك لدى {airline} رمزًا من تطبيق مصادقة من الآن.",
        ),
    },
    "second_factor_removed": {
        "en": (
            "The authenticator app of your account was turned off",
            "signing in to your account at {airline} needs no code any more.",
        ),
        "ar": (
            "أُوقف تطبيق المصادقة لحسابك",
            "لم يعد تسجيل الدخول إلى حسابك لدى {airline} يتطلب رمزًا.",
        ),
    },
    "second_factor_reset": {
        "en": (
            "Your second factor was reset",
            "our staff have removed the authenticator app of your account at {airline}, as it was "
            "asked for. You are signed out everywhere. Sign in with your password, and enrol an "
            "app again.",
        ),
        "ar": (
            "أُعيد ضبط العامل الثاني لحسابك",
            "أزال موظفونا تطبيق المصادقة من حسابك لدى {airline} بناءً على طلب. سُجّل خروجك من جميع "
            "الأجهزة. سجّل الدخول بكلمة مرورك ثم سجّل تطبيقًا من جديد.",
        ),
    },
    "second_factor_reset_waiting": {
        "en": (
            "Your second factor will be removed in 24 hours",
            "you have confirmed by mail that you lost the authenticator app of your account at "
            "{airline}. It is removed 24 hours later. A sign-in with a code stops that, too.",
        ),
        "ar": (
            "سيُزال العامل الثاني لحسابك بعد 24 ساعة",
            "أكّدت بالبريد أنك فقدت تطبيق المصادقة لحسابك لدى {airline}. سيُزال بعد 24 ساعة. "
            "ويوقف ذلك أيضًا تسجيلُ دخول برمز.",
        ),
    },
    "recovery_code_used": {
        "en": (
            "A recovery code of your account was used",
            "a recovery code was used instead of the authenticator app of your account at "
            "{airline}.",
        ),
        "ar": (
            "استُخدم رمز استرداد لحسابك",
            "استُخدم رمز استرداد بدلًا من تطبيق المصادقة لحسابك لدى {airline}.",
        ),
    },
    "new_device": {
        "en": (
            "A new device has signed in to your account",
            "your account at {airline} was signed in to from a device or a place that we do not "
            "know.",
        ),
        "ar": (
            "سجّل جهاز جديد الدخول إلى حسابك",
            "سُجّل الدخول إلى حسابك لدى {airline} من جهاز أو مكان لا نعرفه.",
        ),
    },
    "erasure_requested": {
        "en": (
            "Your account will be erased",
            "the erasure of your account at {airline} and of the data in its bookings was asked "
            "for.",
        ),
        "ar": (
            "سيُمحى حسابك",
            "طُلب محو حسابك لدى {airline} ومحو البيانات في حجوزاته.",
        ),
    },
}
_ENDINGS: Mapping[NoticeKind, Mapping[Language, str]] = {
    "email_replaced": _GO_BACK,
    "erasure_requested": _STOP,
}


def words_of(kind: NoticeKind, language: Language) -> Words:
    """Return subject and text of the letter."""
    subject, happened = _HAPPENED[kind][language]
    ending = _ENDINGS.get(kind, _NOT_ME)[language]
    return Words(subject, f"{_GREETING[language]}{happened}{_WHEN[language]}{ending}")
