"""The changelog can be read, and what ends in the API is announced there and on its page."""

import datetime as dt
import itertools
import re
from collections.abc import Mapping

import msgspec

from interfaces.http.app import ROUTES
from interfaces.http.ending import Ending, ending_of
from interfaces.http.openapi import document
from interfaces.http.openapi.operations import operation_id
from tests.support.reference import pages

CHANGELOG = pages.FOLDER.parent / "changelog.md"
VERSIONS = pages.FOLDER / "api-versions.md"
HEADING = re.compile(r"^(#+) (.+)$", re.MULTILINE)
NOTHING = ("nothing so far", "", "")


def _rows(page: str, heading: str) -> list[tuple[str, ...]]:
    """The rows of the first table below the heading."""
    lines = page.partition(f"\n## {heading}\n")[2].splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith("|---"))
    rows = []
    for line in lines[start + 1 :]:
        if not line.startswith("|"):
            break
        rows.append(tuple(cell.strip() for cell in line.strip("|").split("|")))
    return rows


def _not_announced(versions: str, changelog: str, deprecated: Mapping[str, Ending]) -> list[str]:
    """What lacks a row with its last day and replacement, or an entry of the changelog."""
    rows = [row for row in _rows(versions, "How something ends") if row != NOTHING]
    missing = [name for name in deprecated if not any(f"`{name}`" in what for what, _, _ in rows)]
    for what, last_day, instead in rows:
        name = re.search(r"`(\w+)`", what)
        declared = deprecated.get(name[1]) if name else None
        if declared and (last_day, instead) != (str(declared.last_day), f"`{declared.instead}`"):
            missing.append(what)
        if name is None or f"`{name[1]}` ends on {last_day}" not in changelog or not instead:
            missing.append(what)
        dt.date.fromisoformat(last_day)
    return missing


def _deprecated() -> dict[str, Ending]:
    endings = ((operation_id(each), ending_of(each)) for each in ROUTES)
    return {name: found for name, found in endings if found is not None}


def test_every_heading_of_the_changelog_is_by_itself_and_has_something_under_it() -> None:
    text = CHANGELOG.read_text("utf-8")
    found = list(HEADING.finditer(text))
    assert len(found) > 30
    for heading, following in itertools.pairwise(found):
        below = text[heading.end() : following.start()]
        deeper = len(following[1]) > len(heading[1])
        assert below.startswith("\n\n"), heading[2]
        assert below.endswith("\n\n"), following[2]
        assert deeper or below.strip(), f"nothing is below {heading[2]}"


def test_the_page_of_versions_names_the_version_and_releases_of_the_changelog() -> None:
    page = VERSIONS.read_text("utf-8")
    assert f"one version, `{document.VERSION}`" in page
    releases = {
        heading[2].partition(" ")[0].lower()
        for heading in HEADING.finditer(CHANGELOG.read_text("utf-8"))
        if heading[1] == "##"
    }
    assert {release for release, _ in _rows(page, "Changes")} <= releases


def test_what_ends_in_the_api_is_on_the_page_of_versions_and_in_the_changelog() -> None:
    changelog = CHANGELOG.read_text("utf-8")
    assert _not_announced(VERSIONS.read_text("utf-8"), changelog, _deprecated()) == []


def test_what_ends_without_being_announced_is_found() -> None:
    row = "| `GET /api/old` (`readOld`) | 2028-01-31 | `readNew` |"
    page = f"\n## How something ends\n\n| ends | last day | instead |\n|---|---|---|\n{row}\n"
    said = "- `readOld` ends on 2028-01-31: call `readNew`."
    declared = Ending(dt.date(2027, 1, 15), dt.date(2028, 1, 31), "readNew")
    old = {"readOld": declared}
    what = "`GET /api/old` (`readOld`)"
    assert _not_announced(page, said, old) == []
    assert _not_announced(page, said, {**old, "readOlder": declared}) == ["readOlder"]
    assert _not_announced(page, "", old) == [what]
    assert _not_announced(page, said.replace("31", "30"), old) != []
    for other in ({"last_day": dt.date(2028, 2, 29)}, {"instead": "readOther"}):
        changed = {"readOld": msgspec.structs.replace(declared, **other)}
        assert _not_announced(page, said, changed) == [what]
