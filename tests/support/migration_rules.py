"""What a migration of phase `pre` may not do, because the release before still runs.

Only statements themselves are read: no comments, texts, or bodies of functions.
"""

import re

_SKIPPED = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|(\$\w*\$).*?\1", re.DOTALL)
# What the release before may still name, fill in differently or be kept waiting by.
_REFUSED = (
    (r"\bDROP\b(?!\s+(NOT\s+NULL|DEFAULT)\b)", "drops something"),
    (r"\bRENAME\b", "renames something"),
    (r"\bSET\s+NOT\s+NULL\b", "requires a value that is not written yet"),
    (r"\bALTER\s+(COLUMN\s+)?\w+\s+(SET\s+DATA\s+)?TYPE\b", "rewrites a table"),
    (r"\bREVOKE\b(?!.*\bFROM\s+PUBLIC\b)", "takes a right away"),
    (r"^(TRUNCATE|CLUSTER|VACUUM)\b", "locks a table against everybody"),
)
_MADE = re.compile(r"\bCREATE\s+(?:UNLOGGED\s+)?TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?([\w.]+)")
_ADDED_COLUMN = re.compile(r"\bADD\s+COLUMN\b[^,]*", re.IGNORECASE)
_ALTERED = re.compile(r"\s*ALTER\s+TABLE\s+(?:ONLY\s+)?([\w.]+)(.*)", re.DOTALL | re.IGNORECASE)


def statements(sql: str) -> list[str]:
    """Return the statements without comments, texts and bodies of functions."""
    bare = _SKIPPED.sub(" ", sql)
    return [" ".join(each.split()) for each in bare.split(";") if each.strip()]


def not_additive(sql: str) -> list[str]:
    """Return the statements that the release before may not survive, each with the reason."""
    made = {name.lower() for each in statements(sql) for name in _MADE.findall(each.upper())}
    found = []
    for each in statements(sql):
        found += [
            f"{reason}: {each[:80]}"
            for pattern, reason in _REFUSED
            if re.search(pattern, each, re.IGNORECASE)
        ]
        altered = _ALTERED.match(each)
        if altered and altered[1].lower() not in made:
            found += [f"{reason}: {each[:80]}" for reason in _narrowing(altered[2])]
    return found


def _narrowing(actions: str) -> list[str]:
    """What an ALTER of a table that the release before fills may not add."""
    reasons = [
        "adds a column that is required"
        for column in _ADDED_COLUMN.findall(actions)
        if re.search(r"\bNOT\s+NULL\b", column, re.IGNORECASE)
        and not re.search(r"\b(DEFAULT|GENERATED)\b", column, re.IGNORECASE)
    ]
    if re.search(
        r"\bADD\s+(CONSTRAINT|CHECK|UNIQUE|FOREIGN|PRIMARY|EXCLUDE)\b", actions, re.IGNORECASE
    ):
        reasons.append("adds a constraint that the release before does not know")
    return reasons
