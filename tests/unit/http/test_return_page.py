"""The page after the checkout: it changes by itself, and names the next step to every payer."""

import asyncio
import base64
import hashlib
import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from typing import Any

import pytest

from application import ports
from application.booking.cancel_booking import Part
from application.booking.complete_modification import CompleteModification
from application.booking.read_payment_outcome import SHOWN_FOR, PaymentStep, UnusedMoney
from application.payment.record_attempt import Declined, Delayed, Expired, RecordAttempt
from application.payment.record_external_refund import RecordExternalRefund
from application.payment.record_refund import Accepted, Settled
from application.payment.return_parked_funds import ReturnParkedFunds
from application.rate_limit import Limit
from domain.kernel import money
from interfaces.http import return_page
from interfaces.http.return_page import RELOAD_AFTER_SECONDS
from interfaces.http.return_page_words import WORDS
from tests.support.airline import AIRLINE, attempt_of, capture, expire, payment_of
from tests.support.http_client import GENEROUS
from tests.support.returning_traveller import RELOADS, Returning, heading, of, reloads

ENGLISH = WORDS["en"]
ALWAYS = ("recording", "not_paid", "busy")


@pytest.fixture
async def returning() -> AsyncIterator[Returning]:
    yield Returning()


@pytest.mark.parametrize(
    ("language", "departs", "direction"),
    [
        ("en", "Mon 30 Nov 2026, 12:00 – 14:00", "ltr"),
        ("ar", "الاثنين 30 نوفمبر 2026، 12:00 – 14:00", "rtl"),
    ],
)
async def test_the_page_changes_from_processing_to_confirmed_with_flights_and_total(
    returning: Returning, language: str, departs: str, direction: str
) -> None:
    booking = returning.checked_out()
    path = f"/paid/{booking}"
    waiting = await returning.see(path, language)
    assert (heading(waiting), reloads(waiting)) == (of("recording", language), True)
    assert "RUH" not in waiting.text
    returning.captured(booking)
    recorded = await returning.see(path, language)
    assert (heading(recorded), reloads(recorded)) == (of(PaymentStep.PAID, language), True)
    returning.airline.confirm(booking)
    confirmed = await returning.see(path, language)
    assert (heading(confirmed), reloads(confirmed)) == (of(PaymentStep.CONFIRMED, language), False)
    assert f'<html lang="{language}" dir="{direction}">' in confirmed.text
    assert booking.removeprefix("booking-") in confirmed.text
    assert "SV1 RUH – JED" in confirmed.text
    assert departs in confirmed.text
    total = money.display(returning.airline.state(booking).price_now().total())
    assert f">{total}<" in confirmed.text


@pytest.mark.parametrize("language", ["en", "ar"])
async def test_while_a_bank_decides_both_pages_say_so_also_after_a_day(
    returning: Returning, language: str
) -> None:
    booking = returning.checked_out()
    returning.airline.record_attempt(booking, Delayed("pi_1"))
    for days in (0, 3):
        returning.airline.wait(days=days)
        for path in (f"/paid/{booking}", f"/unpaid/{booking}"):
            page = await returning.see(path, language)
            assert heading(page) == of(PaymentStep.PROCESSING, language)
            assert WORDS[language].cases[PaymentStep.PROCESSING][1] in page.text  # type: ignore[index]  # one of the two
    returning.captured(booking)
    assert heading(await returning.see(f"/paid/{booking}")) != of(PaymentStep.PROCESSING)


async def test_a_journey_shows_every_flight_in_order_and_the_day_of_a_late_arrival(
    returning: Returning,
) -> None:
    airline = returning.airline
    out = airline.schedule("SV1", departs_at=airline.clock().replace(hour=20) + SHOWN_FOR)
    back = airline.schedule("SV2", route=("JED", "RUH"), in_days=12)
    booking = returning.checked_out(out, back)
    returning.captured(booking)
    airline.confirm(booking)
    page = await returning.see(f"/paid/{booking}")
    assert page.text.index("SV1 RUH – JED") < page.text.index("SV2 JED – RUH")
    assert "Sat 21 Nov 2026, 23:00 – Sun 22 Nov 2026, 01:00" in page.text


async def test_only_the_flights_that_are_still_ahead_are_shown(returning: Returning) -> None:
    airline = returning.airline
    first = airline.schedule("SV1")
    second = airline.schedule("SV2", route=("JED", "RUH"), in_days=12)
    booking = returning.checked_out(first, second)
    returning.captured(booking)
    airline.confirm(booking)
    airline.cancel(booking, Part(segments=(1,)))
    page = await returning.see(f"/paid/{booking}")
    assert "SV1" in page.text
    assert "SV2" not in page.text


async def test_the_page_shows_nothing_personal(returning: Returning) -> None:
    booking = await returning.use_cases.ticketed(returning.airline.schedule("SV1"))
    state = returning.airline.state(booking)
    for path in (f"/paid/{booking}", f"/unpaid/{booking}"):
        page = (await returning.see(path)).text
        assert heading(await returning.see(path)) == of(PaymentStep.CONFIRMED)
        for personal in ("Noura", "Harbi", "noura@example.com", state.tickets[0].number):
            assert personal not in page
        assert state.owner not in page


async def test_a_guessed_reference_shows_as_much_as_one_that_does_not_exist(
    returning: Returning,
) -> None:
    booking = returning.checked_out()
    returning.captured(booking)
    returning.airline.confirm(booking)
    returning.airline.wait(seconds=SHOWN_FOR.total_seconds() - 1)
    assert heading(await returning.see(f"/paid/{booking}")) == of(PaymentStep.CONFIRMED)
    returning.airline.wait(seconds=1)
    old = await returning.see(f"/paid/{booking}")
    unknown = await returning.see("/paid/booking-ZZZZZZ")
    never_paid = returning.airline.book(returning.airline.schedule("SV3"))
    unpaid = await returning.see(f"/paid/{never_paid}")
    texts = {
        page.text.replace(reference.removeprefix("booking-"), "")
        for page, reference in ((old, booking), (unknown, "ZZZZZZ"), (unpaid, never_paid))
    }
    assert len(texts) == 1
    assert heading(old) == of(PaymentStep.NOT_SHOWN)
    assert not reloads(old)


async def test_reloads_grow_and_end_with_a_link(returning: Returning) -> None:
    path = f"/paid/{returning.checked_out()}"
    waits, address = [], path
    for _ in range(100):
        page = await returning.see(address)
        found = RELOADS.search(page.text)
        if found is None:
            break
        waits.append(int(found[1]))
        address = path + found[2]
    assert waits == sorted(waits)
    assert waits[0] == 1
    assert tuple(waits) == RELOAD_AFTER_SECONDS
    assert heading(page) == of("recording")
    assert ENGLISH.takes_longer in page.text
    assert '<a href="?again=0">' in page.text


async def test_no_traveller_who_may_pay_again_reads_not_to(returning: Returning) -> None:
    last = len(RELOAD_AFTER_SECONDS)
    page = await returning.see(f"/unpaid/{returning.checked_out()}?again={last}")
    assert heading(page) == of("not_paid")
    assert "You can still pay until" in page.text
    assert "do not pay" not in page.text
    assert '<a href="?again=0">' in page.text


async def test_stripe_is_asked_at_once_and_then_only_after_longer_waits(
    returning: Returning,
) -> None:
    booking = returning.checked_out()
    asked = []
    for again in range(len(RELOAD_AFTER_SECONDS) + 1):
        await returning.see(f"/paid/{booking}?again={again}")
        asked.append(len(returning.stripe.attempts))
    assert asked[0] == 1
    assert asked[4] == 1
    assert asked[5] == 2
    assert set(returning.stripe.attempts) == {attempt_of(booking)}


async def test_stripe_is_not_asked_once_the_outcome_is_final(returning: Returning) -> None:
    booking = returning.checked_out()
    returning.captured(booking)
    returning.airline.confirm(booking)
    await returning.see(f"/paid/{booking}")
    assert returning.stripe.attempts == []


@pytest.mark.parametrize("again", ["-1", "99", "ten"])
async def test_a_count_of_reloads_out_of_bounds_is_refused(
    returning: Returning, again: str
) -> None:
    answer = await returning.see(f"/paid/booking-AAAAAA?again={again}")
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")
    assert answer.json()["details"]["field"] == "again"


async def test_who_leaves_the_checkout_reads_until_when_to_pay(returning: Returning) -> None:
    booking = returning.checked_out()
    left = await returning.see(f"/unpaid/{booking}")
    assert heading(left) == of("not_paid")
    assert "until Fri 20 Nov 2026, 12:15 (local time of RUH)" in left.text
    returning.airline.record_attempt(booking, Declined("pi_1", "ch_1", "card_declined"))
    declined = await returning.see(f"/unpaid/{booking}")
    assert heading(declined) == of(PaymentStep.DECLINED)
    assert "12:15" in declined.text
    # Who comes from the completed checkout is not asked to pay twice.
    returned = await returning.see(f"/paid/{booking}")
    assert heading(returned) == of("recording")
    assert "12:15" not in returned.text


async def test_after_a_failed_payment_there_is_another_try_until_the_hold_ends(
    returning: Returning,
) -> None:
    booking = returning.checked_out()
    returning.airline.record_attempt(booking, Expired())
    failed = await returning.see(f"/paid/{booking}")
    assert (heading(failed), reloads(failed)) == (of(PaymentStep.FAILED), False)
    assert "12:15" in failed.text
    returning.airline.wait(minutes=15)
    assert heading(await returning.see(f"/paid/{booking}")) == of(PaymentStep.LAPSED)
    returning.airline.submit(expire(booking))
    lapsed = await returning.see(f"/unpaid/{booking}")
    assert (heading(lapsed), reloads(lapsed)) == (of(PaymentStep.LAPSED), False)
    assert "12:15" not in lapsed.text


async def test_a_lapsed_hold_with_an_open_session_is_still_watched(returning: Returning) -> None:
    booking = returning.checked_out()
    returning.airline.wait(minutes=15)
    left = await returning.see(f"/unpaid/{booking}")
    assert (heading(left), reloads(left)) == (of(PaymentStep.LAPSED), True)
    returning.airline.submit(expire(booking))
    returned = await returning.see(f"/paid/{booking}")
    assert (heading(returned), reloads(returned)) == (of(PaymentStep.LAPSED), True)


async def test_who_paid_too_late_reads_where_the_money_is_until_it_is_returned(
    returning: Returning,
) -> None:
    booking = returning.checked_out()
    airline, payment = returning.airline, payment_of(booking)
    airline.wait(minutes=15)
    airline.submit(expire(booking))
    returning.captured(booking)

    async def shown() -> str:
        page = await returning.see(f"/paid/{booking}")
        (state,) = [each for each in UnusedMoney if ENGLISH.unused_money[each] in page.text][1:]
        waits = state is UnusedMoney.KEPT
        assert (heading(page), reloads(page)) == (of(PaymentStep.UNUSED), waits)
        return state

    assert await shown() == UnusedMoney.KEPT
    answer = airline.submit(ReturnParkedFunds(payment, "pi_1")).answer
    assert await shown() == UnusedMoney.RETURNING
    airline.record_refund(payment, answer.ids["refunds"], Accepted("re_1"))
    airline.record_refund(payment, answer.ids["refunds"], Settled("re_1"))
    assert await shown() == UnusedMoney.RETURNED


async def test_who_paid_too_late_reads_that_the_money_is_returned_when_that_was_done_by_hand(
    returning: Returning,
) -> None:
    booking = returning.checked_out()
    airline, payment = returning.airline, payment_of(booking)
    airline.wait(minutes=15)
    airline.submit(expire(booking))
    returning.captured(booking)
    (captured,) = airline.payment(payment).captures
    airline.submit(
        RecordExternalRefund(payment, "pi_1", "re_hand", captured.amount, state="accepted")
    )
    page = await returning.see(f"/paid/{booking}")
    assert ENGLISH.unused_money[UnusedMoney.RETURNED] in page.text


async def test_who_paid_twice_is_confirmed_and_reads_that_the_second_payment_is_kept(
    returning: Returning,
) -> None:
    booking = returning.checked_out()
    returning.captured(booking)
    returning.captured(booking, intent="pi_2")
    returning.airline.confirm(booking)
    page = await returning.see(f"/paid/{booking}")
    assert heading(page) == of(PaymentStep.CONFIRMED)
    assert ENGLISH.unused_money[UnusedMoney.KEPT] in page.text


async def test_another_amount_is_not_answered_by_paying_again(returning: Returning) -> None:
    booking = returning.checked_out()
    returning.captured(booking, surplus=-100)
    page = await returning.see(f"/paid/{booking}")
    assert heading(page) == of(PaymentStep.UNUSED)
    assert ENGLISH.unused_money[UnusedMoney.KEPT] in page.text
    assert "12:15" not in page.text


async def test_after_a_part_of_the_price_the_page_asks_for_the_rest(returning: Returning) -> None:
    booking = returning.checked_out()
    returning.captured(booking, surplus=-10_000)
    page = await returning.see(f"/paid/{booking}")
    assert heading(page) == of(PaymentStep.PART)
    assert "12:15" in page.text


async def test_a_cancelled_booking_says_that_what_is_due_goes_back(returning: Returning) -> None:
    booking = returning.checked_out()
    returning.captured(booking)
    returning.airline.confirm(booking)
    returning.airline.cancel(booking)
    page = await returning.see(f"/paid/{booking}")
    assert (heading(page), reloads(page)) == (of(PaymentStep.ENDED), False)
    assert "SV1" not in page.text


async def test_a_modification_is_followed_from_its_checkout_to_the_new_flight(
    returning: Returning,
) -> None:
    airline = returning.airline
    booking = airline.ticketed(airline.schedule("SV1"))
    airline.modify(booking, airline.schedule("SV9", fare=90_000))
    _, attempt = airline.checkout(booking)
    waiting = await returning.see(f"/paid/{booking}")
    assert (heading(waiting), reloads(waiting)) == (of("recording"), True)
    due = airline.state(booking).amount_due()
    airline.submit(capture(booking, due, intent="pi_9", attempt=attempt))
    assert heading(await returning.see(f"/paid/{booking}")) == of(PaymentStep.PAID)
    airline.submit(CompleteModification(booking, AIRLINE, (9_001,)))
    page = await returning.see(f"/paid/{booking}")
    assert heading(page) == of(PaymentStep.CONFIRMED)
    assert "SV9" in page.text
    assert money.display(airline.state(booking).price_now().total()) in page.text


async def test_a_modification_that_was_not_paid_leaves_the_booking_as_it_was(
    returning: Returning,
) -> None:
    airline = returning.airline
    booking = airline.ticketed(airline.schedule("SV1"))
    airline.modify(booking, airline.schedule("SV9", fare=90_000))
    payment, attempt = airline.checkout(booking)
    airline.submit(RecordAttempt(payment, attempt, Expired()))
    page = await returning.see(f"/unpaid/{booking}")
    assert heading(page) == of(PaymentStep.FAILED)
    assert "local time of RUH" in page.text
    airline.wait(hours=1)
    page = await returning.see(f"/unpaid/{booking}")
    assert heading(page) == of(PaymentStep.UNCHANGED)
    assert "SV1" in page.text
    assert "SV9" not in page.text


class AwayDatabase:
    """A bus whose database does not answer, or takes very long."""

    def __init__(self, *, slow: bool) -> None:
        self._slow = slow

    async def current(self, *_: Any) -> Any:
        """No answer."""
        if self._slow:
            await asyncio.sleep(3600)
        raise ports.Unavailable("database")


@pytest.mark.parametrize("slow", [False, True])
async def test_the_page_answers_and_tries_again_while_the_database_is_away(
    returning: Returning, slow: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(return_page, "READ_TIMEOUT_SECONDS", 0.01)
    returning.use_ports(bus=AwayDatabase(slow=slow))
    async with asyncio.timeout(30):
        page = await returning.see("/paid/booking-ABC234")
    assert (heading(page), reloads(page)) == (of("busy"), True)
    assert "ABC234" in page.text


async def test_who_calls_too_often_gets_the_page_and_causes_no_read() -> None:
    returning = Returning(limits={**GENEROUS, "anonymous": Limit(1, 60)})
    booking = returning.checked_out()
    await returning.see(f"/paid/{booking}")
    page = await returning.see(f"/paid/{booking}")
    assert (heading(page), reloads(page)) == (of("busy"), True)
    assert len(returning.stripe.attempts) == 1


@pytest.mark.parametrize(
    ("accepted", "locale", "language"),
    [
        ("ar-SA,ar;q=0.9,en;q=0.8", "en", "ar"),
        ("en-GB,ar;q=0.5", "ar", "en"),
        ("ur-PK", "ar", "ar"),
        ("ur-PK", "en", "en"),
        ("", "ar", "ar"),
        ("ar;q=0", "en", "en"),
        ("," * 5000, "en", "en"),
    ],
)
async def test_the_language_is_the_browsers_or_else_that_of_the_checkout(
    returning: Returning, accepted: str, locale: str, language: str
) -> None:
    page = await returning.see(f"/paid/{returning.checked_out(locale=locale)}", accepted)
    assert f'<html lang="{language}"' in page.text
    assert page.headers["content-language"] == language
    assert page.headers["vary"].split(", ")[0] == "Accept-Language"


class Elements(HTMLParser):
    """The tags of a page, and the text of its style."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.style = ""
        self._in_style = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember the tag."""
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)
        self._in_style = tag == "style"

    def handle_endtag(self, tag: str) -> None:
        """Leave the tag."""
        self._in_style = False

    def handle_data(self, data: str) -> None:
        """Keep a style."""
        if self._in_style:
            self.style += data


async def test_the_page_needs_no_script_and_its_policy_allows_its_own_style_only(
    returning: Returning,
) -> None:
    page = await returning.see(f"/paid/{returning.checked_out()}")
    found = Elements(page.text)
    digest = base64.b64encode(hashlib.sha256(found.style.encode()).digest()).decode()
    (policy,) = page.headers.get_list("content-security-policy")
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["style-src"] == f"'sha256-{digest}'"
    assert {rules[name] for name in ("default-src", "base-uri", "form-action")} == {"'none'"}
    assert rules["frame-ancestors"] == "'none'"
    assert not found.tags & {"script", "iframe", "form", "img", "link"}
    assert not found.attributes & {"style", "src", "onclick", "onload"}
    assert page.headers.get_list("cache-control") == ["no-store"]
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["x-robots-tag"] == "noindex"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "://" not in page.text


@pytest.mark.parametrize("page", ["paid", "unpaid"])
async def test_head_has_the_headers_of_the_page_and_no_content(
    returning: Returning, page: str
) -> None:
    path = f"/{page}/{returning.checked_out()}"
    whole, head = await returning.see(path), await returning.see(path, method="HEAD")
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-length", "content-type", "content-security-policy", "cache-control"):
        assert head.headers[name] == whole.headers[name]


@pytest.mark.parametrize(
    "path", ["/paid/%3Cscript%3E", "/unpaid/booking-1", "/paid/payment-AAAAAA-1"]
)
async def test_what_names_no_booking_is_not_found(returning: Returning, path: str) -> None:
    answer = await returning.see(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize("language", WORDS)
def test_every_case_has_words_in_both_languages(language: Any) -> None:
    words = WORDS[language]
    assert words.cases.keys() == {*PaymentStep, *ALWAYS} - {PaymentStep.OPEN}
    assert words.unused_money.keys() == set(UnusedMoney)
    assert (len(words.weekdays), len(words.months)) == (7, 12)
    texts = [text for pair in words.cases.values() for text in pair]
    texts += [words.booking, words.total, words.changes_by_itself, words.takes_longer]
    for text in texts:
        assert bool(re.search("[\u0600-\u06ff]", text)) == (language == "ar")
        assert bool(re.search("[A-Za-z]", text)) == (language == "en")
