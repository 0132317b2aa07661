"""The words of a tax document in English and Arabic."""

from domain.invoicing.events import DocumentKind
from domain.invoicing.lines import LineKind

Words = tuple[str, str]

TITLES: dict[tuple[DocumentKind, bool], Words] = {
    ("invoice", False): ("Simplified tax invoice", "فاتورة ضريبية مبسطة"),
    ("invoice", True): ("Tax invoice", "فاتورة ضريبية"),
    ("credit_note", False): (
        "Credit note to a simplified tax invoice",
        "إشعار دائن للفاتورة الضريبية المبسطة",
    ),
    ("credit_note", True): ("Credit note to a tax invoice", "إشعار دائن للفاتورة الضريبية"),
    ("debit_note", False): (
        "Debit note to a simplified tax invoice",
        "إشعار مدين للفاتورة الضريبية المبسطة",
    ),
    ("debit_note", True): ("Debit note to a tax invoice", "إشعار مدين للفاتورة الضريبية"),
}
LINES: dict[LineKind, Words] = {
    "fare": ("Air fare", "أجرة السفر"),
    "extra": ("Bags, meals and seats", "الأمتعة والوجبات والمقاعد"),
    "charge": ("Airport charges", "رسوم المطارات"),
    "fee": ("Cancellation fee", "رسوم الإلغاء"),
    "goodwill": ("Goodwill beyond the price", "تعويض ودي"),
    "difference": ("Difference of the price", "فرق السعر"),
}
SELLER: Words = ("Seller", "البائع")
BUYER: Words = ("Buyer", "المشتري")
VAT_NUMBER: Words = ("VAT number", "الرقم الضريبي")
REGISTRATION: Words = ("Commercial registration", "السجل التجاري")
ADDRESS: Words = ("Address", "العنوان")
NUMBER: Words = ("Number", "رقم المستند")
ISSUED: Words = ("Issued (Riyadh)", "تاريخ الإصدار")
REFERS_TO: Words = ("To invoice", "للفاتورة رقم")
DESCRIPTION: Words = ("Description", "البيان")
NET: Words = ("Without VAT", "بدون الضريبة")
VAT: Words = ("VAT", "الضريبة")
TOTAL: Words = ("Total", "الإجمالي")
VAT_IN_RIYALS: Words = ("VAT in SAR", "الضريبة بالريال السعودي")
RATE: Words = ("Rate", "سعر الصرف")
NO_VAT: Words = ("No VAT", "سبب عدم احتساب الضريبة")
ERASED: Words = ("(erased)", "محذوف")
