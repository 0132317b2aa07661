"""How hard hypothesis tries: fresh inputs on each run, no time limit for a single one.

A failing run prints `@reproduce_failure(...)`; `--hypothesis-seed=N` makes a whole run again.
"""

from hypothesis import settings


def load() -> None:
    """Make this the profile of the test run; loading it again changes nothing."""
    settings.register_profile(
        "ci",
        derandomize=False,
        print_blob=True,
        deadline=None,
        max_examples=60,
        stateful_step_count=40,
    )
    settings.load_profile("ci")
