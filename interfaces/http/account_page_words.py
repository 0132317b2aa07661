"""The words of the pages that mailed links lead to, in both languages."""

from collections.abc import Mapping

import msgspec

from application.caller import Language
from application.identity.account_letters import Page


class PageWords(msgspec.Struct, frozen=True):
    """The texts of one page: what it is for, its button, and what is shown once it is done."""

    heading: str
    text: str
    button: str
    done_heading: str
    done: str


class Words(msgspec.Struct, frozen=True):
    """The texts of one language that all pages share, and those of each page. `present` and
    `chosen` are the labels of passwords, `rule`, `refused` and `wrong` sentences about them."""

    present: str
    chosen: str
    rule: str
    refused: str
    wrong: str
    over_heading: str
    over: str
    too_late_heading: str
    too_late: str
    busy: str
    open_app: str
    pages: Mapping[Page, PageWords]


WORDS: Mapping[Language, Words] = {
    "en": Words(
        present="Password of your account",
        chosen="New password",
        rule="12 to 128 characters.",
        refused="This password cannot be used: take 12 to 128 characters that are neither "
        "common nor your address.",
        wrong="This is not the password of the account, or too many wrong ones were "
        "entered lately.",
        over_heading="This link does not work",
        over="It was used, or it is too old, or a newer letter has replaced it. Ask for another "
        "letter where you asked for this one.",
        too_late_heading="It is too late",
        too_late="The account is closed already, and its erasure goes on.",
        busy="This could not be done now. Nothing has changed; please try again in a moment.",
        open_app="Open in the app",
        pages={
            "reset-password": PageWords(
                "Choose a new password",
                "All your devices are signed out by that.",
                "Set the password",
                "Your password is changed",
                "You are signed out everywhere. Sign in with the new password.",
            ),
            "verify-email": PageWords(
                "Confirm your e-mail address",
                "Enter the password of your account: so nobody confirms an account that somebody "
                "else has made with your address.",
                "Confirm",
                "Your address is confirmed",
                "Letters come to this address from now on.",
            ),
            "accept-invitation": PageWords(
                "Welcome to our staff",
                "Choose the password of your account.",
                "Accept the invitation",
                "Your account is ready",
                "Sign in with this address and the password. Some roles enrol an authenticator "
                "app first of all; you are asked for it.",
            ),
            "reset-second-factor": PageWords(
                "You have lost your authenticator app?",
                "24 hours after you confirm it, you sign in with your password alone. We write to "
                "you at once, with a link that stops it. If you did not ask for this, close this "
                "page.",
                "I have lost it",
                "We have noted it",
                "The second factor is removed in 24 hours. If you find the app until then, sign "
                "in with a code: that stops it.",
            ),
            "not-me": PageWords(
                "Was it not you?",
                "This signs all devices out of your account and makes its password worthless. If "
                "the address was changed, your account gets this one back. Then you choose a new "
                "password.",
                "It was not me: secure my account",
                "Your account is secured",
                "All devices are signed out. We have also mailed you a link with which you choose "
                "a new password.",
            ),
            "keep-account": PageWords(
                "Keep your account?",
                "You asked for the erasure of your account. It is stopped with this button.",
                "Keep my account",
                "Your account stays",
                "Nothing was erased.",
            ),
        },
    ),
    "ar": Words(
        present="كلمة مرور حسابك",
        chosen="كلمة المرور الجديدة",
        rule="من 12 إلى 128 حرفًا.",
        refused="لا يمكن استخدام كلمة المرور هذه: اختر من 12 إلى 128 حرفًا، على ألا تكون "
        "شائعة أو مطابقة لبريدك.",
        wrong="ليست هذه كلمة مرور الحساب، أو أُدخلت كلمات خاطئة كثيرة مؤخرًا.",
        over_heading="هذا الرابط لا يعمل",
        over="استُخدم الرابط، أو انتهت مدته، أو حلّت محله رسالة أحدث. اطلب رسالة أخرى من حيث طلبت "
        "هذه.",
        too_late_heading="فات الأوان",
        too_late="أُغلق الحساب، ويستمر محوه.",
        busy="تعذّر ذلك الآن. لم يتغير شيء؛ حاول مرة أخرى بعد قليل.",
        open_app="افتح في التطبيق",
        pages={
            "reset-password": PageWords(
                "اختر كلمة مرور جديدة",
                "سيُسجَّل خروجك من جميع أجهزتك.",
                "تعيين كلمة المرور",
                "تغيّرت كلمة مرورك",
                "سُجّل خروجك من جميع الأجهزة. سجّل الدخول بكلمة المرور الجديدة.",
            ),
            "verify-email": PageWords(
                "أكّد بريدك الإلكتروني",
                "أدخل كلمة مرور حسابك: حتى لا يؤكَّد حساب أنشأه شخص آخر ببريدك.",
                "تأكيد",
                "تم تأكيد بريدك",
                "ستصل الرسائل إلى هذا البريد من الآن.",
            ),
            "accept-invitation": PageWords(
                "مرحبًا بك بين موظفينا",
                "اختر كلمة مرور حسابك.",
                "قبول الدعوة",
                "حسابك جاهز",
                "سجّل الدخول بهذا البريد وكلمة المرور. تتطلب بعض الأدوار تسجيل تطبيق مصادقة أولًا، "
                "وسيُطلب منك ذلك.",
            ),
            "reset-second-factor": PageWords(
                "هل فقدت تطبيق المصادقة؟",
                "بعد 24 ساعة من تأكيدك تسجّل الدخول بكلمة مرورك وحدها. نكتب إليك فورًا مع رابط يوقف "
                "ذلك. إن لم تطلب هذا فأغلق الصفحة.",
                "لقد فقدته",
                "سجّلنا ذلك",
                "سيُزال العامل الثاني بعد 24 ساعة. إن وجدت التطبيق قبل ذلك فسجّل الدخول برمز: يوقف "
                "ذلك الإزالة.",
            ),
            "not-me": PageWords(
                "ألم تكن أنت؟",
                "يُخرج هذا جميع الأجهزة من حسابك ويُبطل كلمة مروره. وإن تغيّر البريد فسيستعيد حسابك "
                "هذا البريد. ثم تختار كلمة مرور جديدة.",
                "لم أكن أنا: أمّنوا حسابي",
                "تم تأمين حسابك",
                "خرجت جميع الأجهزة. أرسلنا إليك أيضًا رابطًا لاختيار كلمة مرور جديدة.",
            ),
            "keep-account": PageWords(
                "هل تحتفظ بحسابك؟",
                "طلبت محو حسابك. يوقف هذا الزر المحو.",
                "أحتفظ بحسابي",
                "بقي حسابك",
                "لم يُمحَ شيء.",
            ),
        },
    ),
}
