"""The use cases of users: registration and sign-in.

register_user: register a customer
log_in: sign in with an address and a password
ports: users, passwords, tokens, and the record of authentication
"""
