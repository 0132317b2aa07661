"""Users, lockout and sign-in over a real database."""
