"""What people read for each reason of each code: what is wrong and what to do."""

from typing import Any

import msgspec
import pytest

from interfaces.http import problems, reason_words, strict_request
from interfaces.http.problem_kinds import KINDS
from interfaces.http.problems import Problem
from tests.support.reference import rejection_reasons

# Of the library that decodes bodies and of the framework that decodes parameters.
OF_LIBRARIES = {"Expected …", "Invalid …"}
REASONS = rejection_reasons.all_reasons()


class Wanted(msgspec.Struct, forbid_unknown_fields=True):
    """A body with members of several kinds."""

    count: int = 0
    kind: str = ""


def _message(code: str, reason: str, language: str) -> str:
    problem = Problem(code, details={"reason": reason})
    return problems.body_of(problem, "c", language.encode()).message


@pytest.mark.parametrize("code", REASONS)
def test_each_reason_has_a_message_of_its_own_in_both_languages(code: str) -> None:
    for reason in REASONS[code]:
        english, arabic = _message(code, reason, "en"), _message(code, reason, "ar")
        assert english != KINDS[code].english, reason
        assert arabic != KINDS[code].arabic, reason
        assert english.isascii(), reason
        assert any("\u0600" <= letter <= "\u06ff" for letter in arabic), reason
        for message in (english, arabic):
            assert message.endswith("."), reason
            assert len(message) <= 120, reason


def test_the_reasons_are_those_of_the_source() -> None:
    """Constants, variables, functions that pass them on, and values of types are found."""
    assert sum(map(len, REASONS.values())) > 300
    assert {"account_needed", "csrf_token", "insufficient_scope"} <= REASONS["FORBIDDEN"]
    assert {"spent", "more_than_due", "expires_too_soon"} <= REASONS["VALIDATION_ERROR"]
    assert {"own_role", "inquiry", "gift_card", "not_paid"} <= REASONS["INVALID_STATE_TRANSITION"]
    assert REASONS["PAYMENT_FAILED"] == {"session_expired", "session_refused", "session_captured"}


def test_a_reason_that_is_no_text_of_the_source_is_of_a_type_a_library_or_stripe() -> None:
    assert rejection_reasons.unread() == {
        ("strict_request", "invalid"),
        ("problems", "Problem"),
        ("oauth", "Problem"),
        ("consent_page", "Problem"),
        ("stripe_webhook", "invalid"),
    }


def test_no_words_are_of_a_reason_that_is_gone() -> None:
    for code, known in reason_words.words_by_code().items():
        used = {reason_words.words_of(code, reason) for reason in REASONS[code]}
        gone = {reason for reason, words in known.items() if words not in used}
        assert gone == (OF_LIBRARIES if code == "VALIDATION_ERROR" else set())


@pytest.mark.parametrize("content", [b'{"count": "x"}', b'{"kind": 1}', b'{"other": 1}', b"{"])
def test_a_refused_body_has_a_message_of_its_own(content: bytes) -> None:
    with pytest.raises(Problem) as refused:
        strict_request.decoded(content, Wanted)
    message = problems.body_of(refused.value, "c", b"en").message
    assert message != KINDS["VALIDATION_ERROR"].english


@pytest.mark.parametrize("details", [{}, {"reason": "insufficient_funds"}, {"reason": 3}])
def test_without_words_the_message_is_that_of_the_code(details: Any) -> None:
    problem = Problem("PAYMENT_FAILED", details=details)
    assert problems.body_of(problem, "c", b"").message == KINDS["PAYMENT_FAILED"].english
    assert problems.body_of(problem, "c", b"ar").message == KINDS["PAYMENT_FAILED"].arabic
