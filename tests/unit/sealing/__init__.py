"""The vault and its keys, without a database."""
