"""Subscriptions of partners in Postgres, and the client that delivers to their servers.

subscriptions: subscriptions and their secrets in Postgres
guarded_resolver: resolves names, and refuses those that lead to an address inside our network
sender: sends a delivery once, by `aiohttp`
"""
