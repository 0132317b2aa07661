"""The Stripe adapter and the simulator over real HTTP."""
