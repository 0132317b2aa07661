"""The dated table of travel documents that flights abroad need, by destination and nationality.

Policy: a passport is valid for six months after the day of departure, three on the way to Arab
states (practice of Saudi passport control), and on the way home for the flight itself: nobody is
refused by the own country. Citizens of the Gulf states travel among these with a national identity
card (Gulf Cooperation Council; GACA obliges airlines to accept it). A rule that changes gets a new
row with the day from which flights follow it; the first row that applies decides.
"""

import datetime as dt

import msgspec

from domain.booking.countries import TWO_LETTERS

# ISO 3166-1 alpha-2, as airports have it.
GULF_STATES = frozenset({"AE", "BH", "KW", "OM", "QA", "SA"})
ARAB_STATES = GULF_STATES | frozenset(
    {"DJ", "DZ", "EG", "IQ", "JO", "KM", "LB", "LY", "MA", "MR", "PS", "SD", "SO", "SY", "TN", "YE"}
)


class PassportRule(msgspec.Struct, frozen=True, kw_only=True):
    """For flights from `since` on, passports are valid so many months after the day of departure.

    None is any destination and any nationality; `homeward` is the way to the own country.
    """

    months: int
    since: dt.date = dt.date.min
    destinations: frozenset[str] | None = None
    nationalities: frozenset[str] | None = None
    homeward: bool = False

    def applies(self, day: dt.date, destination: str | None, nationality: str | None) -> bool:
        """Whether the rule is about this flight; countries are None where they are unknown."""
        return (
            day >= self.since
            and (self.destinations is None or destination in self.destinations)
            and (self.nationalities is None or nationality in self.nationalities)
            and (not self.homeward or (nationality is not None and destination == nationality))
        )


class CardRule(msgspec.Struct, frozen=True, kw_only=True):
    """For flights from `since` on, citizens of these states travel among them with a card."""

    states: frozenset[str]
    since: dt.date = dt.date.min


PASSPORT_RULES = (
    PassportRule(homeward=True, months=0),
    PassportRule(destinations=ARAB_STATES, months=3),
    PassportRule(months=6),
)
CARD_RULES = (CardRule(states=GULF_STATES),)


def passport_months(
    day: dt.date,
    *,
    destination: str | None,
    nationality: str,
    rules: tuple[PassportRule, ...] = PASSPORT_RULES,
) -> int:
    """Return how long after the day a passport must be valid.

    `destination` has two letters, `nationality` is that of the document.
    """
    home = TWO_LETTERS.get(nationality)
    return next(rule.months for rule in rules if rule.applies(day, destination, home))


def card_suffices(
    day: dt.date,
    *,
    origin: str | None,
    destination: str | None,
    nationality: str,
    rules: tuple[CardRule, ...] = CARD_RULES,
) -> bool:
    """Return whether a citizen needs no passport for the flight."""
    home = TWO_LETTERS.get(nationality)
    return any(day >= rule.since and {origin, destination, home} <= rule.states for rule in rules)
