"""How hard hypothesis tries here: fresh inputs on each run, and a failure that can be replayed.

A failing run prints `@reproduce_failure(...)`; `--hypothesis-seed=N` makes a whole run again.
"""

from hypothesis import settings

settings.register_profile(
    "ci",
    derandomize=False,
    print_blob=True,
    deadline=None,
    max_examples=60,
    stateful_step_count=40,
)
settings.load_profile("ci")
