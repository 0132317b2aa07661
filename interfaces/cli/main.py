"""The `ais` command: each verb in a module of its own, imported only when it is used.

Exit codes: 0 done, 1 failed or found a fault, 2 a wrong call or setting.
"""

import gc
import importlib
import os
import sys

from cyclopts import App, CycloptsError

VERSION = "0.1.0"
# Each verb, its function, and its line in the list of verbs.
VERBS = (
    ("demo", "interfaces.cli.demo:demo", "Start everything; walk one traveller to a ticket."),
    ("test", "interfaces.cli.test:test", "Run every gate and the whole suite."),
    ("bench", "interfaces.cli.bench:bench", "Run the benchmarks, each against its reference."),
    ("serve", "interfaces.cli.serve:serve", "Run web, worker, scheduler and projector in one."),
    ("web", "interfaces.cli.web:web", "Serve HTTP."),
    ("worker", "interfaces.cli.worker:worker", "Do background tasks: webhooks, letters."),
    ("scheduler", "interfaces.cli.scheduler:scheduler", "Enqueue what is due; one leads."),
    ("projector", "interfaces.cli.projector:projector", "Keep read models current with the log."),
    ("migrate", "interfaces.cli.migrate:migrate", "Bring the database to this release's schema."),
    ("rebuild", "interfaces.cli.rebuild:rebuild", "Rebuild read models beside the live ones."),
    ("ledger", "interfaces.cli.ledger:ledger", "Read the books; export and replay them."),
    ("stripe", "interfaces.cli.stripe:stripe", "Store events that Stripe could not deliver."),
    ("user", "interfaces.cli.user:user", "Change the role of a user."),
    ("erase", "interfaces.cli.erase:erase", "Erase a person, or see what postpones it."),
    (
        "person",
        "interfaces.cli.person:person",
        "Export all that is held about a person.",
    ),
    ("keys", "interfaces.cli.keys:keys", "Replace the key of access tokens, step by step."),
    ("client", "interfaces.cli.client:client", "Register clients of third parties."),
    (
        "reconcile",
        "interfaces.cli.reconcile:reconcile",
        "Compare the ledger with Stripe and the bank.",
    ),
    ("partner", "interfaces.cli.partner:partner", "Deliver events to servers of partners."),
    ("audit", "interfaces.cli.audit:audit", "Export sensitive actions; verify an export."),
    ("trace", "interfaces.cli.trace:trace", "Show what one correlation id led to, step by step."),
    ("backup", "interfaces.cli.backup:backup", "Back up log, keys and cluster, encrypted."),
    ("archive", "interfaces.cli.archive:archive", "Keep ranges of the log as Parquet files."),
    ("restore", "interfaces.cli.restore:restore", "Restore a backup, also to a point in time."),
    (
        "verify-backup",
        "interfaces.cli.verify_backup:verify_backup",
        "Restore a backup into a scratch cluster and compare.",
    ),
    ("doctor", "interfaces.cli.doctor:doctor", "Check that all is well; say what to do if not."),
    ("health", "interfaces.cli.health:health", "Ask a process of this machine if it answers."),
    ("explain", "interfaces.cli.explain:explain", "Show the whole story of a booking."),
    (
        "completion",
        "interfaces.cli.completion:completion",
        "Print the completion of verbs for a shell.",
    ),
    ("modes", "interfaces.cli.modes:modes", "Switch maintenance on and off; show what is on."),
    (
        "policies",
        "interfaces.cli.policies:policies",
        "Show the airline's own rules; propose a version.",
    ),
    ("fares", "interfaces.cli.fares:fares", "Export filed fares; propose those of a file."),
    (
        "schedule",
        "interfaces.cli.schedule:schedule",
        "Load the schedule of a season, or write one.",
    ),
    ("tasks", "interfaces.cli.tasks:tasks", "Try failed background tasks again."),
    ("timers", "interfaces.cli.timers:timers", "List what runs by itself; run one of it now."),
    (
        "retention",
        "interfaces.cli.retention:retention",
        "List how long data is kept; choose another period.",
    ),
    ("check", "interfaces.cli.check:check", "Compare the read models with the log."),
)

# They serve all carriers, or have nothing to do with any.
WITHOUT_CARRIER = frozenset({"web", "health", "demo", "test", "bench", "completion"})


def make_app(asked: str | None) -> App:
    """Return all verbs; the requested one has full help, the others only their line."""
    app = App(
        name="ais",
        help="Booking and payment core of an airline on an event-sourced ledger.",
        version=VERSION,
        # Rendering Markdown would double the time that --help takes.
        help_format="plaintext",
        result_action="return_value",
    )
    for verb, function, line in VERBS:
        app.command(function, name=verb, help=None if verb == asked else line)
    return app


def load(asked: str | None) -> None:
    """Import the verb's module, if there is such a verb.

    What is imported stays: a garbage collector that looks through it again and again takes an
    eighth of the start.
    """
    gc.disable()
    for verb, function, _ in VERBS:
        if verb == asked:
            importlib.import_module(function.partition(":")[0])
    gc.freeze()
    gc.enable()


def enter_carrier(asked: str | None) -> None:
    """Where there are several carriers, take the settings of the chosen one; end with 2 if none is.

    The verb then works on that carrier as if there were no other.
    """
    from interfaces import carrier_settings, settings

    try:
        is_chosen = carrier_settings.enter(os.environ)
        if not is_chosen and asked in {verb for verb, _, _ in VERBS} - WITHOUT_CARRIER:
            text = f"{carrier_settings.CHOSEN} is missing: `{asked}` works on one carrier"
            raise settings.SettingRefused(text)
    except settings.SettingRefused as refused:
        print(f"ais: {refused}", file=sys.stderr)
        sys.exit(2)


def main() -> None:
    """Run the verb; its number is the exit code, 2 for a wrong call or setting."""
    if "AIS_SECRETS_DIR" in os.environ:
        _add_secret_files()
    asked = next(iter(sys.argv[1:]), None)
    if os.environ.get("AIS_CARRIERS"):
        enter_carrier(asked)
    load(asked)
    try:
        result = make_app(asked)(exit_on_error=False, print_error=True)
    except CycloptsError:
        sys.exit(2)
    sys.exit(result if isinstance(result, int) else 0)


def _add_secret_files() -> None:
    from interfaces.cli import secret_files

    try:
        secret_files.add_to(os.environ)
    except secret_files.SecretFileRefused as refused:
        print(f"ais: {refused}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
