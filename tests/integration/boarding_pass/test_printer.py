"""A printed pass can be scanned, read and trusted to be the same each time."""

import concurrent.futures
import datetime as dt
import os
import subprocess
import sys

import hypothesis
import msgspec
import pytest

from application.booking import boarding_pass_printer
from domain.booking import boarding_pass, names
from domain.booking.boarding_pass import BoardingPassFacts
from infrastructure.boarding_pass import layout, printer, wording
from tests.support import boarding_passes, hypothesis_profile, scanner

hypothesis_profile.load()

PRINTER: boarding_pass_printer.BoardingPassPrinter = printer.BilingualBoardingPassPrinter()
PASSES = {
    "example": boarding_passes.EXAMPLE,
    "infant": boarding_passes.INFANT,
    "with infant": boarding_passes.WITH_INFANT,
    "bare": boarding_passes.BARE,
    "long name": boarding_passes.LONG_NAME,
}
each_pass = pytest.mark.parametrize("facts", PASSES.values(), ids=PASSES)
# Run in a process of its own, with whatever differs between two machines.
PRINT_DIGESTS = """
import hashlib
from infrastructure.boarding_pass import printer
from tests.support import boarding_passes
made = printer.BilingualBoardingPassPrinter()
for make in (made.png, made.pdf):
    print(hashlib.sha256(make(boarding_passes.LONG_NAME)).hexdigest())
"""
PRINT_LOADED = """
import sys
from infrastructure.boarding_pass import printer
printer.BilingualBoardingPassPrinter()
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


def run_apart(program: str, **surroundings: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": os.getcwd(), **surroundings},
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
    )
    return done.stdout.split()


@each_pass
def test_the_picture_scans_as_the_text_of_the_pass(facts: BoardingPassFacts) -> None:
    found = scanner.barcodes(scanner.picture(PRINTER.png(facts)))
    assert found == [("QR Code", boarding_pass.bcbp(facts))]


@each_pass
def test_the_printed_page_scans_as_the_text_of_the_pass(facts: BoardingPassFacts) -> None:
    found = scanner.barcodes(scanner.printed(PRINTER.pdf(facts)))
    assert found == [("PDF417", boarding_pass.bcbp(facts))]


@hypothesis.settings(max_examples=15)
@hypothesis.given(boarding_passes.facts)
def test_every_pass_that_can_be_written_can_be_scanned(facts: BoardingPassFacts) -> None:
    text = boarding_pass.bcbp(facts)
    assert scanner.barcodes(scanner.picture(PRINTER.png(facts))) == [("QR Code", text)]
    assert scanner.barcodes(scanner.printed(PRINTER.pdf(facts))) == [("PDF417", text)]


def test_the_page_says_every_fact_to_people() -> None:
    text = scanner.page_text(PRINTER.pdf(boarding_passes.EXAMPLE))
    for fact in (
        *("AL HARBI / NOURA FAHD", "SV 1023", "24 NOV 2026", "08:30", "07:45", "C14", "12A"),
        *("RUH", "JED", "0025", "Adult", "K7PQ2X", "065 2400000017"),
        *("Rimal Air", "Riyadh", "Jeddah", "Economy", "Gate closes", "08:15"),
    ):
        assert fact in text


def test_the_pass_of_an_infant_on_a_lap_and_of_a_passenger_without_a_seat_states_it() -> None:
    infant = scanner.page_text(PRINTER.pdf(boarding_passes.INFANT))
    assert "INF" in infant.split()
    assert "Infant" in infant
    unseated = msgspec.structs.replace(boarding_passes.EXAMPLE, seat=None)
    assert "At gate" in scanner.page_text(PRINTER.pdf(unseated))
    assert "At gate" not in infant
    assert "Standby" in scanner.page_text(PRINTER.pdf(boarding_passes.BARE))


def test_what_is_not_known_yet_is_a_dash() -> None:
    assert scanner.page_text(PRINTER.pdf(boarding_passes.BARE)).count("–") == 7
    assert "–" not in scanner.page_text(PRINTER.pdf(boarding_passes.EXAMPLE))


def test_the_passes_of_an_infant_and_of_its_adult_name_each_other() -> None:
    adult = scanner.page_text(PRINTER.pdf(boarding_passes.WITH_INFANT))
    assert "With infant" in adult
    assert "AL HARBI / SARA" in adult
    infant = scanner.page_text(PRINTER.pdf(boarding_passes.INFANT))
    assert "With adult" in infant
    assert "AL HARBI / NOURA FAHD" in infant
    alone = scanner.page_text(PRINTER.pdf(boarding_passes.EXAMPLE))
    assert "With" not in alone


@pytest.mark.parametrize(
    ("departs_at", "shown"),
    [
        ("2026-11-24T08:30", ("08:30", "07:45", "08:15")),
        ("2026-11-24T00:10", ("00:10", "23:25 23 NOV", "23:55 23 NOV")),
        ("2026-11-24T00:40", ("00:40", "23:55 23 NOV", "00:25 24 NOV")),
        ("2026-11-25T06:20", ("06:20 25 NOV", "05:35 25 NOV", "06:05 25 NOV")),
    ],
)
def test_the_times_have_their_day_where_a_passenger_could_come_a_day_late(
    departs_at: str, shown: tuple[str, ...]
) -> None:
    at = dt.datetime.fromisoformat(departs_at)
    facts = msgspec.structs.replace(
        boarding_passes.EXAMPLE,
        departs_at=at,
        boards_at=at - dt.timedelta(minutes=45),
        gate_closes_at=at - dt.timedelta(minutes=15),
    )
    text = scanner.page_text(PRINTER.pdf(facts))
    assert "24 NOV 2026" in text
    for time in shown:
        assert time in text
    days = sum(" NOV" in time for time in shown)
    assert text.replace("NOV 2026", "").count(" NOV") == days


def test_the_page_is_an_upright_a6() -> None:
    assert scanner.printed(PRINTER.pdf(boarding_passes.EXAMPLE)).size == (827, 1166)


@each_pass
def test_nothing_runs_into_the_margins(facts: BoardingPassFacts) -> None:
    for image in (scanner.picture(PRINTER.png(facts)), scanner.printed(PRINTER.pdf(facts))):
        scale = image.width / layout.WIDTH
        below_header = int(layout.HEADER * scale) + 2
        edge = int(layout.MARGIN * scale) - 2
        for left, right in ((0, edge), (image.width - edge, image.width)):
            strip = image.crop((left, below_header, right, image.height))
            assert strip.convert("L").getextrema() == (255, 255)


def test_a_name_that_does_not_fit_loses_its_end_and_says_so() -> None:
    text = scanner.page_text(PRINTER.pdf(boarding_passes.LONG_NAME))
    assert "WOLFESCHLEGELSTEINHAUSENBERGERDORFF / ADOLPH" in text
    assert "…" in text
    assert "KENNETH" not in text


def test_the_same_facts_make_the_same_bytes_in_another_process_zone_and_locale() -> None:
    first = run_apart(PRINT_DIGESTS, PYTHONHASHSEED="1", TZ="Asia/Riyadh", LC_ALL="C")
    second = run_apart(PRINT_DIGESTS, PYTHONHASHSEED="2", TZ="America/Lima", LC_ALL="C.UTF-8")
    assert len(set(first)) == 2
    assert first == second


def test_different_facts_make_different_bytes() -> None:
    other = msgspec.structs.replace(boarding_passes.EXAMPLE, sequence=26)
    assert PRINTER.png(other) != PRINTER.png(boarding_passes.EXAMPLE)
    assert PRINTER.pdf(other) != PRINTER.pdf(boarding_passes.EXAMPLE)


def test_threads_do_not_disturb_each_other() -> None:
    passes = list(PASSES.values()) * 3
    alone = [(PRINTER.png(facts), PRINTER.pdf(facts)) for facts in passes]
    with concurrent.futures.ThreadPoolExecutor(4) as threads:
        pictures = threads.map(PRINTER.png, passes)
        pages = threads.map(PRINTER.pdf, passes)
        together = list(zip(pictures, pages, strict=True))
    assert together == alone


def test_the_files_contain_no_time_of_making() -> None:
    pdf = PRINTER.pdf(boarding_passes.EXAMPLE)
    assert b"/CreationDate (D:20000101000000" in pdf
    assert set(scanner.picture(PRINTER.png(boarding_passes.EXAMPLE)).info) == set()


def test_a_name_that_cannot_be_carried_is_refused_in_both_forms() -> None:
    facts = msgspec.structs.replace(boarding_passes.EXAMPLE, surname="الحربي")
    for make in (PRINTER.png, PRINTER.pdf):
        with pytest.raises(names.NameNotLatin):
            make(facts)


def test_a_process_that_prints_nothing_loads_no_library_that_draws() -> None:
    loaded = run_apart(PRINT_LOADED)
    assert "infrastructure" in loaded
    assert {"PIL", "reportlab", "segno", "pdf417gen"}.isdisjoint(loaded)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (None, ""),
        ("نورة الحربي", "نورة الحربي"),
        ("نُورَة", "نورة"),
        ("عبد الرحمن بن عبد العزيز بن محمد", "عبد الرحمن بن عبد العزيز"),
    ],
)
def test_the_name_in_arabic_stands_beside_the_latin_one(name: str | None, shown: str) -> None:
    facts = msgspec.structs.replace(boarding_passes.EXAMPLE, arabic_name=name)
    (cell,) = wording.rows(facts)[0]
    assert (cell.value, cell.value_arabic) == ("AL HARBI / NOURA FAHD", shown)
    assert (PRINTER.png(facts) != PRINTER.png(boarding_passes.EXAMPLE)) == bool(shown)
