"""Why a demo ends early, in one sentence for the person who started it."""


class DemoFailed(Exception):
    """A part of the demo did not start or failed; the message names it and its log."""
