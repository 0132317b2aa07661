"""The words of the consent page in both languages."""

from collections.abc import Mapping

import msgspec

from application.caller import Language
from domain.identity.scopes import Scope


class Words(msgspec.Struct, frozen=True):
    """The texts of one language; `scopes` are those that a user can give."""

    heading: str
    wants: str
    allow: str
    deny: str
    afterwards: str
    take_back: str
    sign_in_heading: str
    sign_in: str
    go_on: str
    refused_heading: str
    refused: str
    staff: str
    scopes: Mapping[Scope, str]


WORDS: Mapping[Language, Words] = {
    "en": Words(
        heading="Connect {client} with {airline}?",
        wants="{client} would be able to:",
        allow="Allow",
        deny="Do not allow",
        afterwards="Afterwards you go on to {host}.",
        take_back="You can take this back at any time in your account. {client} does not learn "
        "your password.",
        sign_in_heading="Sign in to continue",
        sign_in="Sign in to {airline} in this browser, then continue here.",
        go_on="Continue",
        refused_heading="This link does not work",
        refused="The application that sent you here made an error: {reason}. Nothing was given to "
        "it. Please tell its maker.",
        staff="Accounts of staff cannot be connected with other applications.",
        scopes={
            "profile:read": "see your customer number",
            "bookings:read": "see your bookings, with passengers and documents",
            "bookings:write": "make, change and cancel bookings for you",
            "payments:write": "open payments and use your travel credit for your bookings",
        },
    ),
    "ar": Words(
        heading="هل تريد ربط {client} بحسابك لدى {airline}؟",
        wants="سيتمكن {client} من:",
        allow="السماح",
        deny="عدم السماح",
        afterwards="بعد ذلك تنتقل إلى {host}.",
        take_back="يمكنك إلغاء هذا الإذن في أي وقت من حسابك. لن يعرف {client} كلمة مرورك.",
        sign_in_heading="سجّل الدخول للمتابعة",
        sign_in="سجّل الدخول إلى {airline} في هذا المتصفح، ثم تابع من هنا.",
        go_on="متابعة",
        refused_heading="هذا الرابط لا يعمل",
        refused="أخطأ التطبيق الذي أرسلك إلى هنا: {reason}. لم يُمنح أي إذن. "
        "يُرجى إبلاغ الجهة التي تصنعه.",
        staff="لا يمكن ربط حسابات الموظفين بتطبيقات أخرى.",
        scopes={
            "profile:read": "الاطلاع على رقم العميل الخاص بك",
            "bookings:read": "الاطلاع على حجوزاتك مع المسافرين والوثائق",
            "bookings:write": "إنشاء الحجوزات وتعديلها وإلغائها نيابةً عنك",
            "payments:write": "بدء عمليات الدفع واستخدام رصيد سفرك لحجوزاتك",
        },
    ),
}
