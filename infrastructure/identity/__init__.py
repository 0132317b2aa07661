"""Users in Postgres, passwords as argon2id, access tokens signed with ES256."""
