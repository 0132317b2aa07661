"""What extras are called in English and in Arabic: in the catalogue and in letters."""

from collections.abc import Mapping

NAMES: Mapping[str, Mapping[str, str]] = {
    "BAG20": {"en": "Checked bag, 20 kg", "ar": "حقيبة مسجلة 20 كجم"},
    "BAG30": {"en": "Checked bag, 30 kg", "ar": "حقيبة مسجلة 30 كجم"},
    "SPORT": {"en": "Sports equipment", "ar": "معدات رياضية"},
    "MEAL": {"en": "Meal", "ar": "وجبة"},
    "MEALKIDS": {"en": "Meal for a child", "ar": "وجبة أطفال"},
    "LEGROOM": {"en": "Seat with more legroom", "ar": "مقعد بمساحة إضافية للساقين"},
    "FRONT": {"en": "Seat at the front", "ar": "مقعد في المقدمة"},
    "PRIORITY": {"en": "Priority boarding", "ar": "أولوية الصعود إلى الطائرة"},
    "LOUNGE": {"en": "Lounge", "ar": "صالة الانتظار"},
}
