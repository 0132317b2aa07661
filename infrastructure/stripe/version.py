"""The one Stripe API version in use: requests pin it, and objects of events are fetched in it."""

API_VERSION = "2026-10-28.endive"
