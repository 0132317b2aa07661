"""The commands of an operator, on a running system and with its settings."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

from tests.support.running_system import System

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 120


async def ais(system: System, *words: str, **changed: str) -> "subprocess.CompletedProcess[str]":
    """Run the command with the settings of the system."""
    environment = {**os.environ, **system.environment, **changed}
    return await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "interfaces.cli.main", *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )


async def printed(system: System, *words: str) -> str:
    """Return what the command prints; it succeeds."""
    done = await ais(system, *words)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
