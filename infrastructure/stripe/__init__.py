"""Stripe as our payment gateway: the only package that talks to it."""
