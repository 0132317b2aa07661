"""The `ais` command: each verb in a module of its own, imported only when it is used."""

import sys

from cyclopts import App

app = App(
    name="ais",
    help="Booking and payment core of an airline on an event-sourced ledger.",
    version="0.1.0",
    result_action="return_value",
)
app.command("interfaces.cli.demo:demo", name="demo")
app.command("interfaces.cli.test:test", name="test")
app.command("interfaces.cli.bench:bench", name="bench")
app.command("interfaces.cli.web:web", name="web")
app.command("interfaces.cli.worker:worker", name="worker")
app.command("interfaces.cli.scheduler:scheduler", name="scheduler")
app.command("interfaces.cli.projector:projector", name="projector")
app.command("interfaces.cli.migrate:migrate", name="migrate")
app.command("interfaces.cli.rebuild:rebuild", name="rebuild")
app.command("interfaces.cli.check:check", name="check")


def main() -> None:
    """Run the verb; its number is the exit code, 2 for a wrong call."""
    try:
        result = app(exit_on_error=False, print_error=True)
    except Exception as error:
        if type(error).__module__.startswith("cyclopts"):
            sys.exit(2)
        raise
    sys.exit(result if isinstance(result, int) else 0)


if __name__ == "__main__":
    main()
