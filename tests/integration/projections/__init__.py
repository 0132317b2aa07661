"""Read models on a real Postgres, fed by real appends."""
