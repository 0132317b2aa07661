"""Who may import what, beyond the contracts in pyproject.toml: SDKs at home, no dead modules."""

import ast
import functools
import itertools
from collections.abc import Iterator
from pathlib import Path

from interfaces.cli import bench
from tests.architecture import tree

# Where each outside library may be imported: the adapter's package, and who starts it.
HOMES = {
    "airportsdata": {"infrastructure.airports"},
    "aiohttp": {
        *("infrastructure.partners", "infrastructure.stripe", "infrastructure.stripe_simulator"),
        "infrastructure.sms",
    },
    "brotli": {"interfaces.http"},
    "cryptography": {
        *("infrastructure.backup", "infrastructure.sealing", "infrastructure.tax_authority"),
    },
    "cyclopts": {"interfaces.cli"},
    "dramatiq": {"infrastructure.redis", "interfaces.worker", "interfaces.cli.worker"},
    "eventsourcing": {"infrastructure.event_store"},
    "icalendar": {"infrastructure.calendar_file"},
    "joserfc": {"infrastructure.identity"},
    "authlib": {"infrastructure.oauth"},
    "litestar": {"interfaces.http"},
    "psycopg": {
        *("infrastructure", "projections", "interfaces.cli", "interfaces.web_composition"),
        "interfaces.worker",
    },
    "pyarrow": {"infrastructure.parquet"},
    "pwdlib": {"infrastructure.identity"},
    "redis": {"infrastructure.redis", "infrastructure.embedded", "interfaces.web_composition"},
    "opentelemetry": {"infrastructure.telemetry"},
    "prometheus_client": {"infrastructure.telemetry"},
    "rich": {"interfaces.cli"},
    "sentry_sdk": {"infrastructure.telemetry"},
    "stripe": {"infrastructure.stripe", "infrastructure.stripe_simulator"},
    "structlog": {"infrastructure.telemetry"},
    "zstandard": {"infrastructure.backup", "interfaces.http"},
    "uvicorn": {"interfaces.web", "interfaces.connection", "infrastructure.stripe_simulator"},
}
# Modules that nothing in the layers imports, with what they are for all the same.
NOT_IMPORTED = {
    "infrastructure.stripe_simulator.__main__": "started as a process of its own",
}


@functools.cache
def _imported(path: Path) -> tuple[str, ...]:
    """The names of modules, or of things in them, that a file imports."""
    return tuple(_names_of_imports(path))


def _names_of_imports(path: Path) -> Iterator[str]:
    for node in ast.walk(tree.parsed(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module is not None
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@functools.cache
def _named(path: Path) -> frozenset[str]:
    """What a file starts or loads by a string of that name, such as `package.module:function`."""
    return frozenset(
        node.value.partition(":")[0]
        for node in ast.walk(tree.parsed(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def _uses(*, of_tests: bool) -> set[str]:
    """Every name that a file imports or starts, beside itself."""
    return {
        name
        for path in tree.python_files()
        if (path.parts[0] == "tests") == of_tests
        for name in itertools.chain(_imported(path), _named(path))
        if name != tree.module_name(path)
    }


def test_each_library_is_imported_only_where_it_is_at_home() -> None:
    seen = set()
    strays = []
    for path in tree.layer_files():
        module = tree.module_name(path)
        for name in _imported(path):
            library = name.partition(".")[0]
            if library not in HOMES:
                continue
            seen.add(library)
            if not any(f"{module}.".startswith(f"{home}.") for home in HOMES[library]):
                strays.append(f"{path}: {library}")
    assert seen == set(HOMES)
    assert strays == []


def test_every_module_of_the_layers_is_used_by_another() -> None:
    modules = {tree.module_name(p) for p in tree.layer_files() if p.name != "__init__.py"}
    assert len(modules) > 100
    unused = modules - _uses(of_tests=False)
    assert sorted(unused - set(NOT_IMPORTED)) == []


def test_every_exception_among_modules_is_a_module_that_nothing_imports() -> None:
    modules = {tree.module_name(path) for path in tree.layer_files()}
    assert set(NOT_IMPORTED) <= modules - _uses(of_tests=False)


def test_every_package_of_the_layers_holds_something() -> None:
    packages = [path.parent for path in tree.layer_files() if path.name == "__init__.py"]
    assert len(packages) > 25
    empty = [
        str(folder)
        for folder in packages
        if not any(folder in path.parents and path.name != "__init__.py" for path in tree.files())
    ]
    assert empty == []


def test_every_module_that_supports_tests_is_used_by_one() -> None:
    supporting = {
        tree.module_name(path)
        for path in tree.python_files()
        if path.parts[0] == "tests"
        and path.name not in {"__init__.py", "conftest.py"}
        and not path.name.startswith("test_")
    }
    assert len(supporting) > 10
    benchmarks = {bench.module_of(name) for name in bench.NAMES}
    assert benchmarks <= supporting
    assert sorted(supporting - benchmarks - _uses(of_tests=True)) == []
