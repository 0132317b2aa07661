"""Stripe as the payment gateway: the only package that calls it.

gateway: the payment gateway on the official SDK
calls: sends one request, when its turn comes, and decodes its answer
breaker: stops calls while Stripe does not answer, or payments are paused
pace: keeps requests below Stripe's limits, the most urgent first
backoff: whether and when a request is sent again
transport: the HTTP client of the SDK: one pool of connections
objects: what is read of Stripe's objects
session_search: finds the session of an attempt among all: shared, bounded
settlement: what Stripe settles: balance transactions, payouts, its balance
settlement_objects: what is read of those
disputes: disputes, fraud warnings and the evidence for them
event_list: Stripe's list of events
webhook: verifies that a webhook request is from Stripe
errors: turns the errors of the SDK into the failures of the gateway
version: the one API version that requests and events must have
"""
