"""What letters say about codes: why a flight changed, and why money is returned."""

from collections.abc import Mapping

from application.booking.letters import Language

# Why a flight changed, in the words of the letter; codes of `domain/inventory/operations.py`.
REASONS: Mapping[str, Mapping[Language, str]] = {
    "weather": {"en": "the weather", "ar": "الأحوال الجوية"},
    "technical": {"en": "a technical fault", "ar": "عطل فني"},
    "crew": {"en": "a shortage of crew", "ar": "نقص في أفراد الطاقم"},
    "air_traffic": {"en": "restrictions of air traffic control", "ar": "قيود المراقبة الجوية"},
    "airport": {"en": "restrictions of the airport", "ar": "قيود المطار"},
    "security": {"en": "security", "ar": "أسباب أمنية"},
    "late_inbound": {"en": "the late arrival of the aircraft", "ar": "تأخر وصول الطائرة"},
    "commercial": {"en": "a change of our schedule", "ar": "تعديل في جدول رحلاتنا"},
    "operational": {"en": "operational reasons", "ar": "أسباب تشغيلية"},
}


# Why money is returned, in the words of the letter, and what the payer may do next.
RETURNED_FOR: Mapping[str, Mapping[Language, str]] = {
    "duplicate": {
        "en": "the booking had been paid already. The booking stays as it is.",
        "ar": "الحجز مدفوع من قبل. يبقى الحجز كما هو.",
    },
    "overpaid": {
        "en": "more was paid than was due. The booking stays as it is.",
        "ar": "المبلغ المدفوع أكثر من المستحق. يبقى الحجز كما هو.",
    },
    "late": {
        "en": "it came after the time for payment had ended, and the seats could not be had again. "
        "To fly, please make a new booking, or look at the booking as it was before.",
        "ar": "وصل بعد انتهاء مهلة الدفع وتعذّر حجز المقاعد من جديد. للسفر يرجى إنشاء حجز جديد، أو "
        "الاطلاع على الحجز كما كان من قبل.",
    },
    "no_seats": {
        "en": "no seats are free now. The booking stays on the waitlist.",
        "ar": "لا توجد مقاعد متاحة الآن. يبقى الحجز في قائمة الانتظار.",
    },
    "underpaid": {
        "en": "the rest was not paid in time. To fly, please make a new booking.",
        "ar": "لم يُدفع باقي المبلغ في الوقت المحدد. للسفر يرجى إنشاء حجز جديد.",
    },
    "amount_differs": {
        "en": "it is not the amount that is due. Please pay again from your booking.",
        "ar": "لا يطابق المبلغ المستحق. يرجى الدفع مجددًا من صفحة الحجز.",
    },
    "not_payable": {
        "en": "the booking does not need it. The booking stays as it is.",
        "ar": "الحجز لا يحتاج إلى هذا المبلغ. يبقى الحجز كما هو.",
    },
}
