"""Use cases, the dispatcher and the ports they need; free of any technology."""
