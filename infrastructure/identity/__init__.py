"""Users in Postgres, passwords as argon2id, access tokens signed with ES256.

user_directory: users and their lockouts in Postgres
sign_in_places: network addresses and devices as keyed hashes
roles_of_users: changes a role, as the owner of the schema
sessions: sessions in Postgres
session_secrets: refresh tokens and CSRF tokens as keyed hashes
ended_sessions: the sessions that ended lately, in memory, followed by NOTIFY
security_record: writes refused attempts to the record of authentication
passwords: hashes passwords on threads of their own
export_signature: signs exports of auditors, and verifies them
tokens: signs and verifies access tokens (RFC 9068)
"""
