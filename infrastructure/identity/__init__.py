"""Users in Postgres, passwords as argon2id, access tokens signed with ES256.

user_directory: users and their lockouts in Postgres
sign_in_places: network addresses and devices as keyed hashes
account_passwords: changes and resets passwords in Postgres
account_emails: verifies and changes addresses in Postgres
staff_accounts: invitations and roles in Postgres
saved_passengers: passengers that an account saved, in Postgres
account_notices: letters about accounts that are due, and the links in them
factor_resets: resets of second factors by staff in Postgres
mailed_links: mailed links, for the worker that writes their letters
link_secrets: tokens of mailed links as keyed hashes
guessed_passwords: passwords that attackers try first
second_factors: second factors, recovery codes and challenges in Postgres
one_time_codes: codes of authenticator apps, by pyotp, and recovery codes
roles_of_users: changes a role, as the owner of the schema
sessions: sessions in Postgres
clients: clients of third parties
authorizations: consents of users, and authorization codes
client_secrets: secrets of clients, codes and consent pages as keyed hashes
session_secrets: refresh tokens and CSRF tokens as keyed hashes
ended_sessions: the sessions that ended lately, in memory, followed by NOTIFY
security_record: writes refused attempts to the record of authentication
passwords: hashes passwords on threads of their own
export_signature: signs exports of auditors, and verifies them
token_keys: the keys of access tokens through a rotation
tokens: signs and verifies access tokens (RFC 9068)
"""
