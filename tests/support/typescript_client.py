"""The typed client of the API for npm, made from the OpenAPI document and packed into one file.

`python -m tests.support.typescript_client FOLDER` writes it there and prints its path. It needs
Node and `npm ci --ignore-scripts --prefix tests/support/npm_api`.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from interfaces.http.openapi.document import VERSION
from tests.support.openapi_document import openapi_document

FOLDER = Path(__file__).resolve().parent / "npm_api"
MODULES = FOLDER / "node_modules"
TOOLS = MODULES / ".bin"
# What the client needs when it runs, and what that needs: they are in the packed file.
BUNDLED = ("openapi-fetch", "openapi-typescript-helpers")
STRICT = (
    *("--strict", "--noUncheckedIndexedAccess", "--target", "es2022", "--module", "nodenext"),
    *("--lib", "es2022,dom,dom.iterable"),
)
LIMIT_SECONDS = 180


class NotPacked(Exception):
    """A command of Node failed; the message has what it printed."""


def pack(destination: Path) -> Path:
    """Write `ais-client-<version>.tgz` into the folder, which is made where there is none; return
    its path. Raises NotPacked.
    """
    destination = destination.resolve()
    destination.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(FOLDER / "client" / "index.ts", folder)
        described = json.loads((FOLDER / "client" / "package.json").read_text("utf-8"))
        described["version"] = f"{VERSION}.0.0"
        (folder / "package.json").write_text(json.dumps(described), "utf-8")
        for module in BUNDLED:
            shutil.copytree(MODULES / module, folder / "node_modules" / module)
        found = openapi_document()
        (folder / "openapi.json").write_text(json.dumps(found), "utf-8")
        run(folder, TOOLS / "openapi-typescript", "openapi.json", "--output", "api.ts")
        compiled = ("--declaration", "--outDir", "dist")
        run(folder, TOOLS / "tsc", "index.ts", *STRICT, *compiled)
        packed = run(folder, "npm", "pack", "--json", "--pack-destination", destination)
        return destination / str(json.loads(packed)[0]["filename"])


def run(folder: Path, *command: str | Path) -> str:
    """Run the command in the folder; return what it printed. Raises NotPacked."""
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False
    )
    if done.returncode != 0:
        raise NotPacked(done.stdout[-4000:] + done.stderr[-4000:])
    return done.stdout


if __name__ == "__main__":
    print(pack(Path(sys.argv[1])))
