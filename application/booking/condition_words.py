"""The conditions and bags of a fare in words, for letters and receipts, in both languages."""

from collections.abc import Mapping, Sequence

import msgspec

from application.mail import Language
from application.pricing.fare_conditions import FareConditions, fare_basis
from domain.policies.bands import FeeBand

HEADING: Mapping[Language, str] = {
    "en": "Conditions and bags:",
    "ar": "شروط الأجرة والأمتعة:",
}


class _Words(msgspec.Struct, frozen=True):
    """The words of one language, with placeholders for figures."""

    fare: str
    bags: str
    cancellation: str
    change: str
    band: str
    after_departure: str
    no_change_after: str
    no_change: str
    no_show: str
    residue: Mapping[str, str]
    separator: str


_WORDS: Mapping[Language, _Words] = {
    "en": _Words(
        fare="{family}, class {fare_class}, fare basis {fare_basis}",
        bags="Bags of a passenger with a seat: {checked} x {checked_kg} kg in the hold, "
        "{cabin} x {cabin_kg} kg in the cabin",
        cancellation="Cancellation keeps, of fare and extras, by notice before departure: {bands}",
        change="A change costs, of fare and extras, besides a higher fare: {bands}",
        band="from {hours} h {percent} %",
        after_departure="after departure {percent} %",
        no_change_after="after departure none",
        no_change="This fare cannot be changed",
        no_show="Missed flight: airport charges come back, nothing else",
        residue={
            "cash": "A change to a lower fare: the difference goes back to how you paid",
            "credit": "A change to a lower fare: the difference becomes travel credit",
        },
        separator="; ",
    ),
    "ar": _Words(
        fare="{family}، الفئة {fare_class}، أساس الأجرة {fare_basis}",
        bags="أمتعة المسافر الذي له مقعد: {checked} × {checked_kg} كجم في الشحن، "
        "{cabin} × {cabin_kg} كجم في المقصورة",
        cancellation="يُخصم عند الإلغاء من الأجرة والإضافات، بحسب المدة قبل المغادرة: {bands}",
        change="رسوم التعديل من الأجرة والإضافات، عدا فرق الأجرة الأعلى: {bands}",
        band="من {hours} ساعة {percent} %",
        after_departure="بعد المغادرة {percent} %",
        no_change_after="بعد المغادرة لا تعديل",
        no_change="لا يمكن تعديل هذه الأجرة",
        no_show="التخلف عن الرحلة: تُسترد رسوم المطارات فقط",
        residue={
            "cash": "التعديل إلى أجرة أقل: يعود الفرق إلى وسيلة الدفع",
            "credit": "التعديل إلى أجرة أقل: يصبح الفرق رصيد سفر",
        },
        separator="؛ ",
    ),
}


def fare_of(known: FareConditions, fare_class: str, language: Language) -> str:
    """Return the family, class and basis of a fare in one line."""
    name = known.family.name
    return _WORDS[language].fare.format(
        family=name.ar if language == "ar" else name.en,
        fare_class=fare_class,
        fare_basis=fare_basis(fare_class, known.family),
    )


def lines(known: FareConditions, language: Language) -> list[str]:
    """Return what bags, a cancellation, a change and a missed flight are, one line each."""
    words, bags = _WORDS[language], known.baggage
    after = words.after_departure.format(percent=known.cancellation_percent_after_departure)
    return [
        words.bags.format(
            checked=bags.checked_pieces,
            checked_kg=bags.checked_kilograms,
            cabin=bags.cabin_pieces,
            cabin_kg=bags.cabin_kilograms,
        ),
        words.cancellation.format(bands=_bands(words, known.cancellation, after)),
        *_change(words, known),
        words.no_show,
    ]


def _change(words: _Words, known: FareConditions) -> list[str]:
    if not known.modification:
        return [words.no_change]
    bands = _bands(words, known.modification, words.no_change_after)
    return [words.change.format(bands=bands), words.residue[known.residue]]


def _bands(words: _Words, bands: Sequence[FeeBand], last: str) -> str:
    """Return the shares from the longest notice down, and what is said of departed flights."""
    found = [words.band.format(percent=each.percent, hours=each.from_hours) for each in bands]
    return words.separator.join([*found, last])
