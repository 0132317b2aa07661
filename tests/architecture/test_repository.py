"""What lies where, what the lock holds, and what must never be in a file."""

import re
import tomllib
from pathlib import Path

from tests.architecture import tree

TOP_LEVEL = {*tree.LAYERS, "tests", "docs", "ops", "README.md", "pyproject.toml"}
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
CODE_BLOCK = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
# Put together here, so that this file passes its own check.
REGISTRY_HOSTS = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("registry", "npmjs", "org"),
        ("crates", "io"),
        ("proxy", "golang", "org"),
        ("docker", "io"),
        ("ghcr", "io"),
        ("quay", "io"),
    )
]
SECRETS = {
    "a live Stripe key": re.compile(r"\b[sr]k_live_[0-9A-Za-z]{8,}"),
    "a Stripe test key": re.compile(r"\b[sr]k_test_[0-9A-Za-z]{24,}"),
    "a webhook secret": re.compile(r"\bwhsec_[0-9A-Za-z+/=]{24,}"),
    "a private key": re.compile("-----BEGIN " + r"(?:[A-Z]+ )?PRIVATE KEY-----\s+[A-Za-z0-9+/]"),
    "a private JWK": re.compile(r'"d"\s*:\s*"[A-Za-z0-9_-]{40,}"'),
}


def test_the_top_level_holds_only_what_belongs_there() -> None:
    tops = {path.parts[0] for path in tree.files()}
    assert tops >= {*tree.LAYERS, "tests", "ops", "README.md", "pyproject.toml"}
    assert {top for top in tops if not top.startswith(".")} <= TOP_LEVEL


def _locked() -> dict[str, str]:
    lock = tree.text(Path("ops/requirements.lock"))
    return dict(re.findall(r"^([a-z0-9][a-z0-9.-]*)==([^\s;\\]+)", lock, re.MULTILINE))


def _required() -> set[str]:
    project = tomllib.loads(tree.text(Path("pyproject.toml")))
    wanted = list(project["project"]["dependencies"])
    for extra in project["project"].get("optional-dependencies", {}).values():
        wanted += extra
    for group in project.get("dependency-groups", {}).values():
        wanted += group
    names = [re.match(r"[A-Za-z0-9._-]+", line) for line in wanted]
    return {re.sub(r"[-_.]+", "-", name[0]).lower() for name in names if name}


def test_the_lock_holds_every_dependency_with_hashes_and_names_no_host() -> None:
    lock = tree.text(Path("ops/requirements.lock"))
    assert len(_required()) > 20
    assert _required() - set(_locked()) == set()
    assert "://" not in lock
    pinned = re.split(r"(?m)^(?=[a-z0-9])", lock)[1:]
    assert len(pinned) == len(re.findall(r"(?m)^[a-z0-9].*==", lock)) > 40
    assert [line.split()[0] for line in pinned if "--hash=sha256:" not in line] == []


def test_no_file_names_a_package_registry() -> None:
    found = [
        f"{path}: {host}"
        for path, content in tree.text_files()
        for host in REGISTRY_HOSTS
        if host in content
    ]
    assert found == []


def test_no_file_holds_a_secret() -> None:
    checked = list(tree.text_files())
    assert len(checked) > 200
    assert [
        f"{path}: {what}"
        for path, content in checked
        for what, pattern in SECRETS.items()
        if pattern.search(content)
    ] == []


def test_the_search_for_secrets_finds_each_kind() -> None:
    letters = "aB3" * 16
    samples = (
        f"sk_live_{letters}",
        f"rk_test_{letters}",
        f"whsec_{letters}",
        f"-----BEGIN EC {'PRIVATE'} KEY-----\n{letters}",
        f'"d": "{letters}"',
    )
    for sample, pattern in zip(samples, SECRETS.values(), strict=True):
        assert pattern.search(sample)


def test_every_relative_link_of_the_pages_leads_somewhere() -> None:
    pages = [path for path in tree.files() if path.suffix == ".md"]
    assert len(pages) > 5
    links = [
        (page, link or image)
        for page in pages
        for link, image in LINK.findall(CODE_BLOCK.sub("", tree.text(page)))
    ]
    local = [
        (page, target) for page, target in links if not re.match(r"[a-z][a-z0-9+.-]*:", target)
    ]
    assert len(local) > 5
    assert [f"{page}: {target}" for page, target in local if not _resolves(page, target)] == []


def _resolves(page: Path, target: str) -> bool:
    name, _, anchor = target.partition("#")
    file = (tree.ROOT / page.parent / name).resolve() if name else tree.ROOT / page
    if not file.exists() or not file.is_relative_to(tree.ROOT):
        return False
    return not (anchor and file.suffix == ".md") or anchor in _anchors(file)


def _anchors(page: Path) -> set[str]:
    """The anchors of the headings, as forges make them."""
    headings = re.findall(
        r"^#+\s+(.*?)\s*#*$", CODE_BLOCK.sub("", page.read_text("utf-8")), re.MULTILINE
    )
    return {
        re.sub(r"[^\w\- ]", "", heading.lower().replace("`", "")).replace(" ", "-")
        for heading in headings
    }


def test_tests_over_http_read_lists_only_after_the_read_models_followed() -> None:
    """`customers.listed` waits; a list that is read at once may lack what was just recorded."""
    at_once = re.compile(
        r'\.call\("GET", f?"/api/(?:bookings"|admin/(?:worklists|oversold-flights|'
        r"unconfirmed-payments|open-claims|flights/[^/]+/(?:bookings|manifest)))"
    )
    assert at_once.search('await gate.call("GET", f"/api/admin/flights/{flight}/manifest")')
    found = [
        str(path)
        for path in tree.python_files()
        if path.parts[:2] == ("tests", "end_to_end") and at_once.search(tree.text(path))
    ]
    assert found == []
