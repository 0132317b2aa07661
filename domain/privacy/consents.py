"""What a user agreed to: facts with time and version that later ones replace (E1, E2)."""

import datetime as dt
from collections.abc import Sequence
from typing import Literal

import msgspec

from domain.privacy import rejections

Purpose = Literal["marketing_mail", "terms", "privacy_notice"]
WITHDRAWABLE: frozenset[Purpose] = frozenset({"marketing_mail"})
# A user who changes their mind more often than this writes to a person.
FACTS_PER_USER = 500


class Consent(msgspec.Struct, frozen=True):
    """One fact: `version` is the day on which the text was published, `given` False where the
    consent was withdrawn; `at` in UTC."""

    purpose: Purpose
    version: dt.date
    given: bool
    at: dt.datetime


def change(
    known: Sequence[Consent], *, purpose: Purpose, version: dt.date, given: bool, now: dt.datetime
) -> Consent | None:
    """Return the fact to record; None where the last one of the purpose says the same.

    Rejects ConsentRefused for a version of the future or older than the accepted one, for the
    withdrawal of what cannot be withdrawn, and after FACTS_PER_USER facts.
    """
    if not given and purpose not in WITHDRAWABLE:
        raise rejections.ConsentRefused(field="given", reason="only marketing_mail is withdrawn")
    if version > now.date():
        raise rejections.ConsentRefused(field="version", reason="not published yet")
    last = latest(known, purpose)
    if last is not None and version < last.version:
        raise rejections.ConsentRefused(field="version", reason="older than the accepted version")
    if last is not None and (last.version, last.given) == (version, given):
        return None
    if len(known) >= FACTS_PER_USER:
        raise rejections.ConsentRefused(field="purpose", reason="changed too often")
    return Consent(purpose, version, given, now)


def latest(known: Sequence[Consent], purpose: Purpose) -> Consent | None:
    """Return the fact that counts: the last of the purpose."""
    return next((each for each in reversed(known) if each.purpose == purpose), None)
