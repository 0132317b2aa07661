"""A folder with a shared parent is recognised by owner and mode, never by its name alone."""

import os
import shutil
import stat
from pathlib import Path

import pytest

from infrastructure.embedded import private_folder
from infrastructure.embedded.account import Account


def test_a_remembered_folder_is_private_and_found_again(tmp_path: Path) -> None:
    made = private_folder.make(tmp_path / "record", tmp_path)
    assert stat.S_IMODE(made.stat().st_mode) == 0o700
    assert private_folder.remembered(tmp_path / "record", Account()) == made


def test_without_a_record_there_is_no_folder(tmp_path: Path) -> None:
    assert private_folder.remembered(tmp_path / "record", Account()) is None


def test_a_link_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    made = private_folder.make(tmp_path / "record", tmp_path)
    made.rmdir()
    (tmp_path / "target").mkdir()
    made.symlink_to(tmp_path / "target")
    with pytest.raises(private_folder.Vanished, match=str(made)):
        private_folder.remembered(tmp_path / "record", Account())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root changes owners")
def test_a_folder_of_another_account_is_refused(tmp_path: Path) -> None:
    made = private_folder.make(tmp_path / "record", tmp_path)
    os.chown(made, 12345, 12345)
    with pytest.raises(private_folder.Vanished, match=str(made)):
        private_folder.remembered(tmp_path / "record", Account())


def test_a_socket_folder_that_vanished_is_made_anew(tmp_path: Path) -> None:
    far = tmp_path / ("l" * 120)
    record = tmp_path / "record"

    def made() -> Path:
        return private_folder.socket_folder(
            far, socket_name="x.sock", record=record, account=Account()
        )

    first = made()
    shutil.rmtree(first)
    second = made()
    assert second != first
    private_folder.forget_sockets(second, socket_name="x.sock", record=record)
    assert not second.exists()
    assert not record.exists()
