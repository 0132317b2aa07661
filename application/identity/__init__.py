"""The use cases of users: registration, sign-in, sessions and passwords.

register_user: register a customer
log_in: sign in with an address and a password
open_session: a session for a device whose user has proved who they are
issue_tokens: the tokens of a session
refresh_session: new tokens for a refresh token
end_sessions: sign out, revoke a device, after a change of the password or of rights
end_replaced_session: end the one that a browser had before it signed in again
list_sessions: the devices on which a user is signed in
revoke_session: sign a device out from another one
expire_sessions: sessions whose time is over
change_password: change the password of the signed-in user
confirm_password: have a signed-in user enter the password again
request_reset: have a link mailed to a user who has lost the password
reset_password: set another password by a mailed link
complete_sign_in: the second step of a sign-in
enrol_second_factor: enrol an authenticator app
prove_second_factor: check a code, which is used by that
confirm_code: have a signed-in user prove the second factor again
remove_second_factor: turn the second factor off
renew_recovery_codes: new recovery codes in place of all earlier ones
read_standing: what the account waits for, and what its user does next
read_account: how the caller's own account is protected
second_factor_ports: what the second factor needs from outside
invite_staff: invite a colleague
accept_invitation: choose the password of an account for staff
change_role: give a user another role, as an admin
request_verification: have the link mailed that verifies the address
change_email: ask for another address of the account
confirm_email: verify or change the address by a mailed link
make_link: a link that proves the ownership of a mailbox
account_letters: letters about accounts, in both languages
account_notices: letters about what happened to an account, in both languages
send_account_letter: write the letter of a link or about an account
secure_account: that was not me: end all sessions and the password
request_factor_reset: ask for the reset of a lost second factor
approve_factor_reset: approve it as another admin
cancel_factor_reset: cancel one that waits
confirm_factor_reset: confirm it by mail, as a customer
list_factor_resets: those that wait
carry_out_factor_resets: those whose day of waiting is over
confirm_email_by_password: verify or change the address on a page
recovery_ports: what regaining an account needs from outside
account_ports: what accounts need from outside
register_client: a client of a third party
change_client_secret: a new secret for a client
disable_client: end all that a client was given
authorize_client: ask a user whether a client may act for them
exchange_for_tokens: tokens for a code, a refresh token, or a service
introspect_token: whether a token is valid
revoke_token: end what a token gives
revoke_consent: take back what a user lets a client do
session_ports: what sessions need from outside
client_ports: what clients need from outside
ports: users, passwords, tokens, and the record of authentication
"""
