"""Names of passengers: Latin as in the passport, in Arabic beside it, and in the bar code.

Sources: ICAO 9303 part 3, section 6 (letters from A to Z); IATA resolutions 722 and 792 (name field
of tickets and bar codes).
"""

import re
import unicodedata

from domain.booking import rejections

# The given name of passengers whose passport has one name only.
GIVEN_NAME_UNKNOWN = "FNU"
# Letters of the name field in a bar code.
BAR_CODE_LENGTH = 20
# Titles are no part of a name in a passport.
TITLES = frozenset({"DR", "MISS", "MR", "MRS", "MS", "MSTR", "PROF"})
ARABIC_TITLES = frozenset(
    {"د", "دكتور", "دكتورة", "الدكتور", "الدكتورة", "السيدة", "الآنسة", "المهندس", "المهندسة"}
)
# What ICAO 9303 writes otherwise than without the mark; and letters that Unicode does not
# decompose. Upper-casing handles those missing here, such as sharp s and dotless i.
TRANSLITERATIONS = str.maketrans(
    {"Ä": "AE", "Å": "AA", "Ö": "OE", "Ü": "UE"}
    | {"Æ": "AE", "Ð": "D", "Đ": "D", "Ħ": "H", "Ł": "L", "Ŋ": "N", "Ø": "OE", "Œ": "OE"}
    | {"Þ": "TH", "Ŧ": "T", "ẞ": "SS", "Ə": "E", "ĸ": "Q"}
)
# Apostrophes, also those of transliterated Arabic and Hawaiian.
APOSTROPHES = frozenset("'’‘`ʼʻʿʾ")
MARKS_ON_A_LETTER = 2
# What most passports have; it needs no look at single characters.
_is_plain = re.compile(r"[A-Za-z]+(?:[ '-][A-Za-z]+)*").fullmatch
# The line that lengthens an Arabic word; Unicode counts it as a letter.
TATWEEL = "ـ"


class NameNotLatin(ValueError):
    """The name has no letter from A to Z, which the bar code and the gate require."""


def latin(name: str) -> str:
    """Return a name in letters from A to Z with single spaces; raises NameNotLatin without any.

    Umlauts become two letters, other marks are removed, hyphens become spaces, everything else is
    dropped.
    """
    if _is_plain(name):
        return name.upper().replace("'", "").replace("-", " ")
    upper = unicodedata.normalize("NFC", name).upper()
    spelled = unicodedata.normalize("NFKD", upper.translate(TRANSLITERATIONS)).upper()
    letters = "".join(
        " " if letter.isspace() or unicodedata.category(letter) == "Pd" else letter
        for letter in spelled
        if letter.isspace() or "A" <= letter <= "Z" or unicodedata.category(letter) == "Pd"
    )
    written = " ".join(letters.split())
    if not written:
        raise NameNotLatin("a name has no letter from A to Z")
    return written


def carried_name(surname: str, given_name: str) -> str:
    """Return `SURNAME/GIVEN NAME` in full, FNU for an empty given name; raises NameNotLatin."""
    given = latin(given_name) if given_name.strip() else GIVEN_NAME_UNKNOWN
    return f"{latin(surname)}/{given}"


def bar_code_name(surname: str, given_name: str) -> str:
    """Return the name in at most twenty letters; a long surname leaves one of the given name.

    Raises NameNotLatin.
    """
    family, _, given = carried_name(surname, given_name).partition("/")
    family = family[: BAR_CODE_LENGTH - len("/X")].rstrip()
    return f"{family}/{given}"[:BAR_CODE_LENGTH].rstrip()


def passport_name(text: str, *, field: str) -> str:
    """Return a name as the passport prints it, with single spaces.

    Letters of the Latin script, hyphens, apostrophes and full stops. Rejects NameRefused with the
    field of the request.
    """
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not _is_plain(name):
        _require_plain(name, field=field)
        _require_latin(name, field=field)
    if TITLES.intersection(latin(name.replace(".", " ")).split()):
        raise rejections.NameRefused(field=field, reason="title")
    return name


def arabic_name(text: str, *, field: str) -> str:
    """Return the Arabic form of a whole name, with single spaces.

    Letters of the Arabic script and their vowel marks. Rejects NameRefused.
    """
    name = " ".join(unicodedata.normalize("NFKC", text).split())
    _require_plain(name, field=field)
    letters = [each for each in name if each.isalpha() and each != TATWEEL]
    if any(not unicodedata.name(each, "").startswith("ARABIC ") for each in letters):
        raise rejections.NameRefused(field=field, reason="not_arabic")
    if not letters:
        raise rejections.NameRefused(field=field, reason="no_letters")
    if ARABIC_TITLES.intersection(_without_marks(name.replace("-", " ").replace(".", " ")).split()):
        raise rejections.NameRefused(field=field, reason="title")
    return name


def _without_marks(name: str) -> str:
    """Return an Arabic name without vowel marks and lengthened lines."""
    return "".join(each for each in name if not unicodedata.combining(each) and each != TATWEEL)


def _require_latin(name: str, *, field: str) -> None:
    letters = [each for each in name if each.isalpha() and each not in APOSTROPHES]
    if not letters:
        raise rejections.NameRefused(field=field, reason="no_letters")
    if not all(_is_latin(each) for each in letters):
        raise rejections.NameRefused(field=field, reason="not_latin")


def _is_latin(letter: str) -> bool:
    """Whether the letter has a form from A to Z in passports, and is of the Latin script."""
    if not unicodedata.name(letter, "").startswith("LATIN "):
        return False
    try:
        return bool(latin(letter))
    except NameNotLatin:
        return False


def _require_plain(name: str, *, field: str) -> None:
    """No digits, no markup, no symbols, and no letters under a heap of marks.

    Marks that do not combine with a letter, such as variation selectors, are not seen: two names
    that differ by one would look the same.
    """
    # Marks that the next character may still be: none but after a letter.
    marks_left = 0
    for each in name:
        category = unicodedata.category(each)
        if category.startswith("N"):
            raise rejections.NameRefused(field=field, reason="digits")
        if unicodedata.combining(each) and marks_left:
            marks_left -= 1
        elif each.isalpha() or each in " .-" or each in APOSTROPHES:
            marks_left = MARKS_ON_A_LETTER if each.isalpha() else 0
        else:
            raise rejections.NameRefused(field=field, reason="characters")


# Letters that people type for one another, and those they leave out.
_ARABIC_FORMS = str.maketrans(
    {"أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ئ": "ي", "ؤ": "و", "ة": "ه", "ء": ""}
    | {"ک": "ك", "ی": "ي"}
)


def search_form(text: str) -> str:
    """Return what spellings of the same name have in common; empty where it has no letters.

    Latin names as the bar code has them, Arabic ones without marks and with one form of alef, yeh
    and heh; both without spaces, because passports and people divide names differently.
    """
    try:
        return latin(text).replace(" ", "")
    except NameNotLatin:
        folded = _without_marks(unicodedata.normalize("NFKC", text)).translate(_ARABIC_FORMS)
        return "".join(each for each in folded if each.isalpha())


def surname_forms(last_name: str, arabic_name: str | None) -> frozenset[str]:
    """Return the search forms by which a surname is known.

    The last word of an Arabic name, and its last two and three, because a surname may have several.
    """
    forms = {search_form(last_name)}
    words = (arabic_name or "").split()
    # The first word is a given name, unless it is the only one.
    for count in range(1, min(3, max(1, len(words) - 1)) + 1):
        forms.add(search_form(" ".join(words[-count:])))
    return frozenset(forms - {""})
