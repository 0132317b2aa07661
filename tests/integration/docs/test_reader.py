"""How a document is followed: its blocks are one script, and its lines are looked for in order."""

from pathlib import Path

import pytest

from tests.integration.docs import reader, substitute_curl, walkthrough
from tests.integration.docs.reader import SEPARATOR


def test_variables_live_on_from_block_to_block(tmp_path: Path) -> None:
    document = tmp_path / "page.md"
    document.write_text(
        "```bash\nX=7\n```\n```text\n```\n```sh\nfalse\n```\n```bash\necho $X\n```\n"
    )
    script = walkthrough.as_one_script(walkthrough.read_parts(document), separator=SEPARATOR)
    assert reader.run(script, folder=tmp_path, environment={}).split(SEPARATOR)[1].strip() == "7"


def test_a_block_that_fails_fails_the_page(tmp_path: Path) -> None:
    parts = [walkthrough.Part("false\n", ()), walkthrough.Part("echo late\n", ())]
    with pytest.raises(AssertionError):
        reader.run(walkthrough.as_one_script(parts, separator="-"), folder=tmp_path, environment={})


@pytest.mark.parametrize(
    ("expected", "missing"),
    [
        (("one", "three"), None),
        (("o…e", "…hre…"), None),
        (("three", "one"), "one"),
        (("on",), "on"),
        (("four",), "four"),
    ],
)
def test_expected_lines_are_whole_lines_in_order(
    expected: tuple[str, ...], missing: str | None
) -> None:
    assert walkthrough.first_missing(expected, "one\ntwo\nthree\n") == missing


def test_the_substitute_for_curl_refuses_what_it_does_not_know() -> None:
    assert substitute_curl.main(["--compressed", "http://127.0.0.1:9"]) == 2
