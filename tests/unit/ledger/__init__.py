"""Accounts and the entries of the posting rules."""
