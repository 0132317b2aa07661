"""The one Stripe API version in use: requests pin it, events of others are ignored."""

API_VERSION = "2026-10-28.endive"
