"""The private servers: they survive kills, unusual paths and accounts, and end with us."""
