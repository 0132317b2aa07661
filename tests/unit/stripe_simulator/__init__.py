"""The pure parts of the Stripe simulator."""
