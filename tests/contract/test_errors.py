"""The catalogue of errors that clients rely on: codes, statuses, retryable; nothing outside it."""

import importlib
import pkgutil
from collections.abc import Iterator

import application
import domain
from domain.kernel.rejections import Rejection
from interfaces.http import problem_kinds

CONTRACT = {
    "VALIDATION_ERROR": (400, False),
    "UNAUTHORIZED": (401, False),
    "TOKEN_EXPIRED": (401, False),
    "PAYMENT_REQUIRED": (402, False),
    "PAYMENT_FAILED": (402, True),
    "FORBIDDEN": (403, False),
    "NOT_FOUND": (404, False),
    "METHOD_NOT_ALLOWED": (405, False),
    "NOT_ACCEPTABLE": (406, False),
    "HEADERS_TOO_LARGE": (431, False),
    "REQUEST_TIMEOUT": (408, True),
    "SEATS_UNAVAILABLE": (409, False),
    "BOOKING_CONFLICT": (409, True),
    "INVALID_STATE_TRANSITION": (409, False),
    "PAYMENT_PROCESSING": (409, True),
    "IDEMPOTENCY_IN_PROGRESS": (409, True),
    "BOOKING_EXPIRED": (410, False),
    "QUOTE_EXPIRED": (410, False),
    "ARCHIVED": (410, False),
    "IDEMPOTENCY_CONFLICT": (422, False),
    "REFUND_EXCEEDS_CAPTURED": (422, False),
    "RATE_LIMITED": (429, True),
    "INTERNAL_ERROR": (500, False),
    "PROVIDER_ERROR": (502, True),
    "SERVICE_UNAVAILABLE": (503, True),
    "PROVIDER_TIMEOUT": (504, True),
}


def _rejections() -> Iterator[type[Rejection]]:
    for package in (domain, application):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    pending = [Rejection]
    while pending:
        found = pending.pop()
        pending.extend(found.__subclasses__())
        if found is not Rejection:
            yield found


def test_the_table_of_problems_is_the_contract() -> None:
    table = {code: (kind.status, kind.retryable) for code, kind in problem_kinds.KINDS.items()}
    assert table == CONTRACT


def test_every_rejection_has_its_row() -> None:
    found = list(_rejections())
    assert len(found) > 15
    for rejection in found:
        assert rejection.code in problem_kinds.KINDS, rejection


def test_every_problem_has_a_message_in_both_languages() -> None:
    for code, kind in problem_kinds.KINDS.items():
        assert kind.english.isascii(), code
        assert any("\u0600" <= letter <= "\u06ff" for letter in kind.arabic), code
