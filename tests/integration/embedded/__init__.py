"""The private servers: they survive kills, odd paths and odd accounts, and never outlive us."""
