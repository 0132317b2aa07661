"""The use cases of payment: start a checkout, follow its attempts, take in what Stripe reports."""
