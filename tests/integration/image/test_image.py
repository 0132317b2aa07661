"""The steps of the Dockerfile make an image that runs every role, as nobody and read-only."""

import os
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from infrastructure.embedded import account
from infrastructure.identity import tokens
from infrastructure.sealing import master_key
from interfaces.cli.main import VERSION
from tests.integration.image import dockerfile, image_folder
from tests.integration.image.image_folder import Image
from tests.support import image_lock, ports, servers
from tests.support.servers import TestDatabase
from tests.support.stored_log import WAIT_SECONDS

# The folders of the product, whose modules all have to be importable with what the lock names.
IMPORT_ALL = """
import importlib, pkgutil
for top in ("domain", "application", "infrastructure", "projections", "interfaces"):
    for each in pkgutil.walk_packages(importlib.import_module(top).__path__, top + "."):
        if not each.name.endswith("__main__"):
            importlib.import_module(each.name)
"""


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    """Return the image, built once."""
    with servers.quick_folder() as folder:
        yield image_folder.build(folder)


def _as_nobody(image: Image, command: list[str], **settings: str) -> "subprocess.Popen[str]":
    """Start the command under the account of the image, where these tests may change theirs.

    The interpreter of this machine may be in a folder of root's alone; that of the image is not. To
    read it, and nothing more, is allowed.
    """
    user = image.stage.only("USER").rest
    prefix: list[str] = []
    if os.geteuid() == 0:
        number, _, group = user.partition(":")
        prefix = ["setpriv", f"--reuid={number}", f"--regid={group}", "--clear-groups"]
        if not account.unprivileged().passes(Path(os.path.realpath(command[0])).parent):
            prefix += ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    return subprocess.Popen(
        [*prefix, *command],
        cwd=image.folder / "opt/ais",
        env={**image.environment(), "PATH": os.environ["PATH"], **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _answer(process: "subprocess.Popen[str]") -> tuple[int, str]:
    printed, _ = process.communicate()
    return process.returncode, printed


def _output(process: "subprocess.Popen[str]") -> str:
    code, printed = _answer(process)
    assert code == 0, printed
    return printed


def test_the_image_has_the_commands_and_can_import_all_of_the_product(image: Image) -> None:
    assert _output(_as_nobody(image, image.command("--version"))).strip() == VERSION
    python = image.command()[0]
    _output(_as_nobody(image, [python, "-Pc", IMPORT_ALL]))


def test_the_image_has_no_installer_no_test_and_nothing_that_its_account_may_write(
    image: Image,
) -> None:
    number = int(image.stage.only("USER").rest.partition(":")[0])
    assert number > 0
    assert not list((image.folder / "usr/local").rglob("*pip*"))
    found = sorted((image.folder / "opt/ais").iterdir())
    assert [each.name for each in found] == [
        *(".venv", "application", "domain", "infrastructure", "interfaces", "projections")
    ]
    for path in (image.folder / "opt/ais").rglob("*"):
        if not path.is_symlink():
            assert not path.stat().st_mode & stat.S_IWOTH, path
    compiled = list((image.folder / "opt/ais/domain").rglob("*.pyc"))
    assert len(compiled) > 50, "a read-only file system compiles at each start"


def test_only_what_is_named_is_sent_to_the_engine() -> None:
    ignored = (image_folder.ROOT / ".dockerignore").read_text("utf-8")
    sent = ("domain/kernel/ids.py", "ops/images/requirements.lock", "domain/booking/events.py")
    kept = (
        ".git/config",
        ".env",
        "tests/conftest.py",
        "ops/ais",
        "ops/compose/.env",
        ".ais/secrets",
    )
    kept += ("domain/__pycache__/x.pyc", "domain/booking/__pycache__/y.pyc", "pyproject.toml")
    assert all(dockerfile.is_sent(each, ignored) for each in sent)
    assert [each for each in kept if dockerfile.is_sent(each, ignored)] == []


def test_the_lock_of_the_image_is_the_part_of_the_whole_lock_that_the_product_needs() -> None:
    found = image_lock.OF_IMAGE.read_text("utf-8")
    assert found == image_lock.text(), "run python -m tests.support.image_lock"
    assert "\npsycopg==" in found
    assert "\npytest==" not in found
    assert "--hash=sha256:" in found


def test_the_image_serves_and_its_health_check_sees_it(
    image: Image, database: TestDatabase
) -> None:
    data = image.folder / "data"
    data.mkdir()
    if os.geteuid() == 0:
        shutil.chown(data, *map(int, image.stage.only("USER").rest.split(":")))
    settings = _settings(database, data)
    process = _as_nobody(image, image.command("serve"), **settings)
    check = [image.moved(each) for each in _health_check(image)]
    try:
        end = time.monotonic() + WAIT_SECONDS
        asking = image.command("health", "ready")
        while (answer := _answer(_as_nobody(image, asking, **settings)))[0] != 0:
            assert process.poll() is None, _answer(process)
            assert time.monotonic() < end, answer
        assert "200" in _output(_as_nobody(image, check, **settings))
        process.send_signal(signal.SIGTERM)
        assert _output(process)
    finally:
        process.kill()
        process.wait()


def _health_check(image: Image) -> list[str]:
    word, _, rest = image.stage.only("HEALTHCHECK").rest.partition(" ")
    assert word == "CMD"
    return dockerfile.Instruction("CMD", {}, rest).words


def _settings(database: TestDatabase, data: Path) -> Mapping[str, str]:
    return {
        "AIS_DATABASE_URL": database.app_dsn,
        "AIS_PROJECTOR_DATABASE_URL": database.owner_dsn,
        "AIS_MASTER_KEY": master_key.generated(),
        "AIS_TOKEN_KEY": tokens.generated(),
        "AIS_STRIPE_API_KEY": "sk_test_of_nobody",
        "AIS_STRIPE_WEBHOOK_SECRETS": "whsec_of_nobody",
        "AIS_STRIPE_BASE_URL": f"http://127.0.0.1:{ports.free_port()}",
        "AIS_PUBLIC_URL": "http://127.0.0.1",
        "AIS_DATA_DIR": str(data),
        "AIS_HOST": "127.0.0.1",
        "AIS_PORT": str(ports.free_port()),
        "AIS_OPERATIONS_HOST": "127.0.0.1",
        "AIS_OPERATIONS_PORT": str(ports.free_port()),
    }
