"""Record that a user agreed to something, or withdrew the consent."""

import datetime as dt
from collections.abc import Sequence

from application.privacy.ports import PrivacyPorts
from domain.privacy import consents
from domain.privacy.consents import Purpose

Consent = consents.Consent


async def change_consent(
    ports: PrivacyPorts, user: str, *, purpose: Purpose, version: dt.date, given: bool
) -> Sequence[Consent]:
    """Record the fact and return all facts of the user, the oldest first; a repeat records none.

    Rejects ConsentRefused; raises Unavailable.
    """
    now = ports.clock()
    return await ports.consents.change(
        user,
        lambda known: consents.change(
            known, purpose=purpose, version=version, given=given, now=now
        ),
    )
