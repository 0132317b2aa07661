"""`ais rebuild`: rebuilds read models from the log, with a progress bar."""

import psycopg
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from interfaces.cli import running, whole_log
from projections import rebuild as rebuilding
from projections.projection import Connection, ProjectionStopped
from projections.reading import LogTables
from projections.registry import ALL


def rebuild(*names: str, dsn: running.ProjectorDsn, archives: whole_log.Archives = None) -> int:
    """Rebuild the named read models, or all, beside the live ones; readers notice nothing.

    Safe to interrupt and to repeat. `dsn` names a login that is a member of ais_projector. The
    exit code is 1 when one could not be rebuilt (the old one then remains), 2 for an unknown name.
    """
    unknown = sorted(set(names) - ALL.keys())
    if unknown:
        print(f"no such read model: {', '.join(unknown)}; there are {', '.join(sorted(ALL))}")
        return 2
    try:
        with whole_log.opened(dsn, archives) as (connection, tables):
            return max(_rebuild_one(connection, tables, name) for name in names or sorted(ALL))
    except whole_log.ERRORS as error:
        print(f"ais rebuild: {type(error).__name__}: {error}")
        return 1


def _rebuild_one(connection: Connection, tables: LogTables, name: str) -> int:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn()) as bar:
        task = bar.add_task(name, total=None)
        try:
            rebuilt = rebuilding.rebuild_in(
                connection,
                name,
                lambda done, end: bar.update(task, completed=done, total=end),
                tables,
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
