"""Roles, passwords, lockout, tokens and signing in, without a database."""
