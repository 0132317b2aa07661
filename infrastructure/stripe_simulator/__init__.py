"""A Stripe on loopback for demo and tests: an outside system, it imports nothing of ours."""
