"""Every command of the product, found where use cases are written."""

import importlib
import pkgutil

import application
from application.commands.command import Command


def command_types() -> frozenset[type[Command]]:
    """All subclasses of `Command` in `application`, whether a route uses them yet or not."""
    for module in pkgutil.walk_packages(application.__path__, "application."):
        importlib.import_module(module.name)
    return frozenset(
        each for each in _subclasses(Command) if each.__module__.startswith("application.")
    )


def _subclasses(root: type[Command]) -> set[type[Command]]:
    direct = set(root.__subclasses__())
    return direct.union(*(_subclasses(each) for each in direct))
