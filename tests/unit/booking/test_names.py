"""Names: what the sale takes, what the bar code carries, and who may correct how much."""

import os

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.booking import people
from application.booking.correct_name import CorrectName
from application.booking.create_booking import Mode
from domain.booking import names, rejections
from domain.kernel import sealed
from domain.policies.money_values import NAME_CORRECTIONS
from tests.support.memory_airline import MemoryAirline


@pytest.mark.parametrize(
    ("surname", "given_name", "carried"),
    [
        ("Desmarais", "Luc", "DESMARAIS/LUC"),
        ("Al-Sa‘ūd", "ʿAbd al-ʿAzīz", "AL SAUD/ABD AL AZIZ"),
        ("O'Brien", "Seán", "OBRIEN/SEAN"),
        ("Müller", "Łucja Ñandú", "MUELLER/LUCJA NANDU"),
        ("Mu\u0308ller", "Jo\u0308rg", "MUELLER/JOERG"),
        ("Ångström", "Ägir", "AANGSTROEM/AEGIR"),
        ("Straße", "Øyvind Æsa", "STRASSE/OEYVIND AESA"),
        ("Yılmaz", "İbrahim", "YILMAZ/IBRAHIM"),
        ("Əliyev", "Ĳsbrand", "ELIYEV/IJSBRAND"),
        ("  de   la\tCruz ", "  ", "DE LA CRUZ/FNU"),
        ("Suharto", "", "SUHARTO/FNU"),
        ("St. John", "J. R.", "ST JOHN/J R"),
    ],
)
def test_a_name_is_carried_in_capitals_from_a_to_z_as_in_passports(
    surname: str, given_name: str, carried: str
) -> None:
    assert names.carried_name(surname, given_name) == carried
    assert names.bar_code_name(surname, given_name) == carried[:20]


@pytest.mark.parametrize(
    ("surname", "given_name", "field"),
    [
        ("Al Harbi", "Noura Ahmad Fahd", "AL HARBI/NOURA AHMAD"),
        ("Wolfeschlegelsteinhausen", "Hubert", "WOLFESCHLEGELSTEIN/H"),
        ("Wolfeschlegelsteinh", "Hubert", "WOLFESCHLEGELSTEIN/H"),
        ("Wolfeschlegelstei", "Hubert", "WOLFESCHLEGELSTEI/HU"),
        ("Wolfeschlegelste of X", "Hubert", "WOLFESCHLEGELSTE O/H"),
        ("Wolfeschlegelstei of", "Hubert", "WOLFESCHLEGELSTEI/HU"),
        ("Wolfeschlegelsteinhausen", "", "WOLFESCHLEGELSTEIN/F"),
    ],
)
def test_a_long_surname_leaves_a_letter_of_the_given_name_in_the_bar_code(
    surname: str, given_name: str, field: str
) -> None:
    assert names.bar_code_name(surname, given_name) == field
    assert len(field) <= names.BAR_CODE_LENGTH


@pytest.mark.parametrize(
    ("surname", "given_name"),
    [("الحربي", "Noura"), ("Alharbi", "نورة"), ("", "Noura"), ("--", "Noura"), ("Ng", "北京")],
)
def test_a_name_without_a_latin_letter_has_no_bar_code(surname: str, given_name: str) -> None:
    with pytest.raises(names.NameNotLatin, match="letter") as refused:
        names.bar_code_name(surname, given_name)
    assert "نورة" not in str(refused.value)


@pytest.mark.parametrize(
    "name",
    [
        "Noura",
        "Al-Harbi",
        "O’Brien",
        "Jean-Luc",
        "ʿAbd al-ʿAzīz",
        "Łucja",
        "Nguyễn Thị",
        "St. John",
        "FNU",
        "Drake",
        "Missy",
        "Profeta",
        "Li",
        "X",
    ],
)
def test_names_of_passports_are_taken(name: str) -> None:
    assert names.passport_name(name, field="firstName") == name


def test_a_name_is_kept_composed_and_with_single_spaces() -> None:
    assert names.passport_name("  Mu\u0308ller \u00a0Lu\u0308 ", field="x") == "Müller Lü"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("نورة", "not_latin"),
        ("Noura نورة", "not_latin"),
        ("Иван", "not_latin"),
        ("Νίκος", "not_latin"),
        ("Аlharbi", "not_latin"),
        ("北京", "not_latin"),
        ("\uff21lharbi", "not_latin"),
        ("ªlharbi", "not_latin"),
        ("Alharbi2", "digits"),
        ("Alharbi٣", "digits"),
        ("Henry Ⅷ", "digits"),
        ("Nora²", "digits"),
        ("<b>Noura</b>", "characters"),
        ("Noura & Fahd", "characters"),
        ("Noura;", "characters"),
        ("Noura/Fahd", "characters"),
        ("Noura, Dr", "characters"),
        ("Noura\U0001f600", "characters"),
        ("Alharbi_", "characters"),
        ("No\u0301\u0302\u0303\u0304ura", "characters"),
        ("\u0301Noura", "characters"),
        ("Nou\ufe0fra", "characters"),
        ("Nou\u034fra", "characters"),
        ("Noura\U000e0100", "characters"),
        ("Nou\u20ddra", "characters"),
        ("Nou\u180bra", "characters"),
        ("Nou\u3164ra", "not_latin"),
        ("Nou\u115fra", "not_latin"),
        ("-", "no_letters"),
        ("'", "no_letters"),
        (". .", "no_letters"),
        ("ʿʾ", "no_letters"),
        ("   ", "no_letters"),
        ("Mr Noura", "title"),
        ("Noura MRS", "title"),
        ("Dr. Noura", "title"),
        ("ms", "title"),
        ("Prof.Noura", "title"),
        ("Noura-Mstr", "title"),
        ("D\u0155 Noura", "title"),
    ],
)
def test_what_no_passport_prints_as_a_name_is_refused_with_its_field(
    name: str, reason: str
) -> None:
    with pytest.raises(rejections.NameRefused) as refusal:
        names.passport_name(name, field="passengers[1].lastName")
    assert refusal.value.parameters == {"field": "passengers[1].lastName", "reason": reason}


@pytest.mark.parametrize(
    "name", ["نورة الحربي", "عبد الله", "نُورَة", "محـمد", "پوریا", "محمد السيد"]
)
def test_an_arabic_form_of_the_name_is_taken(name: str) -> None:
    assert names.arabic_name(f"  {name} ", field="arabicName") == name


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Noura", "not_arabic"),
        ("نورة Alharbi", "not_arabic"),
        ("נורה", "not_arabic"),
        ("نورة٣", "digits"),
        ("<نورة>", "characters"),
        ("نورة،", "characters"),
        ("الدكتورة نورة", "title"),
        ("د. نورة", "title"),
        ("الدُّكتورة نورة", "title"),
        ("الدكـــتورة نورة", "title"),
        ("نو\ufe0fرة", "characters"),
        ("نو\u034fرة", "characters"),
        ("نو\u3164رة", "not_arabic"),
        ("-", "no_letters"),
        ("ـــ", "no_letters"),
    ],
)
def test_another_script_is_no_arabic_form(name: str, reason: str) -> None:
    with pytest.raises(rejections.NameRefused) as refusal:
        names.arabic_name(name, field="arabicName")
    assert refusal.value.parameters == {"field": "arabicName", "reason": reason}


def test_a_passenger_with_one_name_is_carried_as_fnu_and_addressed_without_it() -> None:
    name = people.checked_name(None, "Suharto", None)
    assert (name.first_name, name.last_name) == ("FNU", "Suharto")
    assert names.bar_code_name(name.last_name, name.first_name) == "SUHARTO/FNU"
    assert people.read_name(msgspec.json.encode(name)) == "Suharto"


def test_a_letter_in_arabic_uses_the_arabic_form() -> None:
    text = msgspec.json.encode(people.checked_name("Noura", "Alharbi", "نورة الحربي"))
    assert people.read_name(text, locale="ar") == "نورة الحربي"
    assert people.read_name(text, locale="en") == "Noura Alharbi"
    assert people.read_name(msgspec.json.encode(people.Name("Noura", "Alharbi")), locale="ar") == (
        "Noura Alharbi"
    )


class Correction:
    """A ticketed booking of two adults, and corrections of the first name."""

    def __init__(self) -> None:
        self.airline = MemoryAirline()
        self.booking = self.airline.ticketed(self.airline.schedule(), "ADT", "ADT")

    def correct(
        self, *, distance: int, letters: int = 12, reason: str | None = None
    ) -> sealed.Sealed:
        """Correct the name by so many of its letters; the new one."""
        before = self.airline.booking(self.booking).passengers[0].name
        after = sealed.Sealed(before.subject, os.urandom(60))
        self.airline.submit(
            CorrectName(
                self.booking, 0, before, after, distance, True, letters=letters, reason=reason
            )
        )
        return after


@pytest.mark.parametrize("mode", ["draft", "hold", "waitlist"])
def test_a_name_is_corrected_before_anything_is_paid(mode: Mode) -> None:
    airline = MemoryAirline()
    flight = airline.schedule(seats=1)
    if mode == "waitlist":
        airline.ticketed(flight)
    booking = airline.book(flight, mode=mode)
    before = airline.booking(booking).passengers[0].name
    after = sealed.Sealed(before.subject, os.urandom(60))
    airline.submit(CorrectName(booking, 0, before, after, distance=1, is_new=True, letters=9))
    assert airline.booking(booking).passengers[0].name == after


def test_more_than_three_letters_are_corrected_for_a_reason_of_staff_only() -> None:
    case = Correction()
    limit = NAME_CORRECTIONS.letter_limit
    case.correct(distance=limit)
    with pytest.raises(rejections.NameCorrectionRefused, match="another_person"):
        case.correct(distance=limit + 1)
    after = case.correct(distance=20, reason="as in the passport shown")
    assert case.airline.booking(case.booking).passengers[0].name == after


@pytest.mark.parametrize(
    ("letters", "limit"), [(2, 1), (4, 1), (5, 1), (6, 2), (8, 2), (9, 3), (40, 3)]
)
def test_a_short_name_never_becomes_another_persons_letter_by_letter(
    letters: int, limit: int
) -> None:
    case = Correction()
    case.correct(distance=limit, letters=letters)
    with pytest.raises(rejections.NameCorrectionRefused) as refused:
        case.correct(distance=limit + 1, letters=letters)
    assert refused.value.parameters == {
        "field": "lastName",
        "reason": "another_person",
        "limit": limit,
    }
    case.correct(distance=limit + 1, letters=letters, reason="as in the passport shown")


def test_later_corrections_count_from_the_name_that_staff_corrected() -> None:
    case = Correction()
    sold = case.airline.booking(case.booking).sold_names
    case.correct(distance=1)
    assert case.airline.booking(case.booking).sold_names == sold
    after = case.correct(distance=20, reason="as in the passport shown")
    assert case.airline.booking(case.booking).sold_names == (after, sold[1])


@given(st.text("AByz'- ", min_size=1, max_size=20))
def test_a_name_of_plain_letters_is_judged_as_one_with_a_full_stop(text: str) -> None:
    """The full stop makes the code look at each character; it adds nothing to the name."""

    def judged(name: str) -> tuple[str, str]:
        try:
            return names.passport_name(name, field="x").rstrip("."), names.latin(name)
        except (rejections.NameRefused, names.NameNotLatin) as refused:
            return str(refused), ""

    assert judged(text) == judged(f"{text.rstrip()}.") or not text.strip()
