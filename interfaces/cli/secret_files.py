"""Settings from files: each file of the folder AIS_SECRETS_DIR is the setting of its name.

Secrets of containers and credentials of systemd are such files. An environment is seen by whoever
may inspect the container, and is inherited; a file is read once by its owner.
"""

import re
from collections.abc import MutableMapping
from pathlib import Path

FOLDER = "AIS_SECRETS_DIR"
# Bytes. A key set of several keys has a few thousand.
MOST_BYTES = 65_536
# Kubernetes puts links of its own beside the files.
_is_setting = re.compile(r"AIS_[A-Z_]+").fullmatch


class SecretFileRefused(Exception):
    """A file is a setting that is given twice, or cannot be read; the text has no secret."""


def add_to(environment: MutableMapping[str, str]) -> None:
    """Add the settings of the files, without the newline at their end. Raises SecretFileRefused.

    Files of other names are ignored, and so is an empty file, as an empty variable is.
    """
    folder = environment.pop(FOLDER, "")
    if not folder:
        return
    try:
        found = sorted(path for path in Path(folder).iterdir() if _is_setting(path.name))
    except OSError as error:
        raise SecretFileRefused(f"{FOLDER}: {error.strerror}: {folder}") from None
    for path in found:
        text = _read(path)
        if text and environment.get(path.name):
            raise SecretFileRefused(f"{path.name} is given twice: as a variable and as {path}")
        if text:
            environment[path.name] = text


def _read(path: Path) -> str:
    try:
        with path.open("rb") as opened:
            content = opened.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise SecretFileRefused(f"{path} has more than {MOST_BYTES} bytes")
        return content.decode().rstrip("\r\n")
    except OSError as error:
        raise SecretFileRefused(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SecretFileRefused(f"{path} is not UTF-8") from None
