"""`ais rebuild`: rebuilds read models from the log, with a progress bar."""

import psycopg
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from infrastructure.postgres import primary
from interfaces.cli import running
from projections import rebuild as rebuilding
from projections.projection import ProjectionStopped
from projections.registry import ALL


def rebuild(*names: str, dsn: running.ProjectorDsn) -> int:
    """Rebuild the named read models, or all, beside the live ones; readers notice nothing.

    Safe to interrupt and to repeat. `dsn` names a login that is a member of ais_projector. The
    exit code is 1 when one could not be rebuilt (the old one then remains), 2 for an unknown name.
    """
    unknown = sorted(set(names) - ALL.keys())
    if unknown:
        print(f"no such read model: {', '.join(unknown)}; there are {', '.join(sorted(ALL))}")
        return 2
    return max(_rebuild_one(dsn, name) for name in names or sorted(ALL))


def _rebuild_one(dsn: str, name: str) -> int:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn()) as bar:
        task = bar.add_task(name, total=None)
        try:
            rebuilt = rebuilding.rebuild(
                primary.newest_address(dsn),
                name,
                lambda done, end: bar.update(task, completed=done, total=end),
            )
        except (
            rebuilding.RebuildRefused,
            rebuilding.RebuildUnderWay,
            ProjectionStopped,
            psycopg.Error,
        ) as error:
            bar.console.print(f"{name} stays as it was: {type(error).__name__}: {error}")
            return 1
        bar.console.print(f"{name} shows generation {rebuilt.generation} at {rebuilt.position}")
    return 0
