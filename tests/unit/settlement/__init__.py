"""Balance transactions, payouts, and Stripe's balance beside the books."""
