"""What a migration of phase `pre` may not do, because the release before still runs.

Only what a migration itself executes is read, bodies of DO as well: no comments, texts, or bodies
of functions, which follow AS.
"""

import re

_SKIPPED = re.compile(
    r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|\bAS\s*(\$\w*\$).*?\1", re.DOTALL | re.IGNORECASE
)
_DONE = re.compile(r"\bDO\s+(?:LANGUAGE\s+\w+\s+)?(\$\w*\$)(.*?)\1", re.DOTALL | re.IGNORECASE)
# What begins or surrounds a statement in the body of DO.
_AROUND = re.compile(r"^(?:DECLARE|BEGIN|THEN|ELSE|LOOP|IF\b.*?\bTHEN)\s+", re.IGNORECASE)
# What the release before may still name, fill in differently or be kept waiting by.
_REFUSED = (
    (r"\bDROP\b(?!\s+(NOT\s+NULL|DEFAULT)\b)", "drops something"),
    (r"\bRENAME\b", "renames something"),
    (r"\bSET\s+NOT\s+NULL\b", "requires a value that is not written yet"),
    (r"\bALTER\s+(COLUMN\s+)?\w+\s+(SET\s+DATA\s+)?TYPE\b", "rewrites a table"),
    (r"\bREVOKE\b(?!.*\bFROM\s+PUBLIC\b)", "takes a right away"),
    (r"^(TRUNCATE|CLUSTER|VACUUM|LOCK)\b", "locks a table against everybody"),
    (r"\bALTER\s+DOMAIN\b.*\bADD\b", "narrows what columns may contain"),
    (r"\b(DISABLE|ENABLE\s+REPLICA)\s+(TRIGGER|RULE)\b", "lets changes through"),
    (r"\bSET\s+SCHEMA\b", "moves something"),
)
# Of tables that the migration does not make itself: the release before reads and fills them.
_OF_OLD_TABLES = (
    (r"^CREATE\s+UNIQUE\s+INDEX\b.*?\bON\s+(?:ONLY\s+)?([\w.]+)", "requires unique values"),
    (r"^(?:WITH\b.*\b)?UPDATE\s+(?:ONLY\s+)?([\w.]+)", "changes rows"),
    (r"^(?:WITH\b.*\b)?DELETE\s+FROM\s+(?:ONLY\s+)?([\w.]+)", "removes rows"),
)
_MADE = re.compile(r"\bCREATE\s+(?:UNLOGGED\s+)?TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?([\w.]+)")
_ADDED_COLUMN = re.compile(r"\bADD\s+COLUMN\b[^,]*", re.IGNORECASE)
_ALTERED = re.compile(r"\s*ALTER\s+TABLE\s+(?:ONLY\s+)?([\w.]+)(.*)", re.DOTALL | re.IGNORECASE)


def statements(sql: str) -> list[str]:
    """Return the statements without comments, texts and bodies of functions; with those of DO."""
    bare = _DONE.sub(r"\2", _SKIPPED.sub(" ", sql))
    found = (" ".join(each.split()) for each in bare.split(";"))
    return [_alone(each) for each in found if each]


def _alone(statement: str) -> str:
    while (inner := _AROUND.sub("", statement, count=1)) != statement:
        statement = inner
    return statement


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
        found += [
            f"{reason}: {each[:80]}"
            for pattern, reason in _OF_OLD_TABLES
            if (table := re.match(pattern, each, re.IGNORECASE)) and table[1].lower() not in made
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
    reasons += [
        "adds a column with a condition"
        for column in _ADDED_COLUMN.findall(actions)
        if re.search(r"\b(CHECK|UNIQUE|PRIMARY|REFERENCES)\b", column, re.IGNORECASE)
    ]
    if re.search(
        r"\bADD\s+(CONSTRAINT|CHECK|UNIQUE|FOREIGN|PRIMARY|EXCLUDE)\b", actions, re.IGNORECASE
    ):
        reasons.append("adds a constraint that the release before does not know")
    return reasons
