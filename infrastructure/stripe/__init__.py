"""Stripe as the payment gateway: the only package that calls it.

gateway: the payment gateway on the official SDK
session_search: finds the session of an attempt among all: shared, bounded
webhook: verifies that a webhook request is from Stripe
errors: turns the errors of the SDK into the failures of the gateway
version: the one API version that requests and events must have
"""
