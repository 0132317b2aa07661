"""Which facts of consent are recorded."""

import datetime as dt
from typing import Any

import pytest

from domain.privacy import consents
from domain.privacy.consents import FACTS_PER_USER, Consent
from domain.privacy.rejections import ConsentRefused

NOW = dt.datetime(2026, 11, 27, 8, 0, tzinfo=dt.UTC)
V1, V2 = dt.date(2026, 1, 1), dt.date(2026, 6, 1)
MAIL = {"purpose": "marketing_mail", "version": V1, "given": True}


def fact(**changed: Any) -> Consent:
    return Consent(**{**MAIL, "at": NOW, **changed})


def change(*known: Consent, **wanted: Any) -> Consent | None:
    return consents.change(known, now=NOW, **{**MAIL, **wanted})


def test_a_later_fact_replaces_an_earlier_one_and_a_repeat_records_none() -> None:
    first = change()
    assert first == fact()
    assert change(first) is None
    withdrawn = change(first, given=False)
    assert withdrawn == fact(given=False)
    assert change(first, withdrawn, given=False) is None
    assert change(first, withdrawn) == fact()
    assert change(first, version=V2) == fact(version=V2)
    assert change(first, purpose="terms") == fact(purpose="terms")
    assert consents.latest([first, withdrawn], "marketing_mail") == withdrawn
    assert consents.latest([first], "terms") is None


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"purpose": "terms", "given": False}, "given"),
        ({"purpose": "privacy_notice", "given": False}, "given"),
        ({"version": NOW.date() + dt.timedelta(days=1)}, "version"),
        ({"version": dt.date(2025, 12, 31)}, "version"),
    ],
)
def test_what_cannot_be_withdrawn_or_was_not_published_is_refused(
    wanted: dict[str, Any], field: str
) -> None:
    with pytest.raises(ConsentRefused) as refused:
        change(fact(), **wanted)
    assert refused.value.parameters["field"] == field


def test_a_text_can_be_accepted_on_the_day_of_its_publication() -> None:
    assert change(version=NOW.date()) is not None


def test_the_facts_of_a_user_are_bounded() -> None:
    known = [fact(given=bool(number % 2)) for number in range(FACTS_PER_USER - 1)]
    assert change(*known, given=True) is not None
    with pytest.raises(ConsentRefused):
        change(*known, fact(given=False), given=True)
