"""The use cases of users: registration and sign-in.

register_user: register a customer
log_in: sign in with an address and a password
open_session: a session for a device whose user has proved who they are
issue_tokens: the tokens of a session
refresh_session: new tokens for a refresh token
end_sessions: sign out, revoke a device, after a change of the password or of rights
list_sessions: the devices on which a user is signed in
revoke_session: sign a device out from another one
expire_sessions: sessions whose time is over
session_ports: what sessions need from outside
ports: users, passwords, tokens, and the record of authentication
"""
