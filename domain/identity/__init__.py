"""Roles of users, what each role may do, and how an account is protected against guessing.

roles: roles and their permissions
passwords: which passwords an account may have
links: what mailed links are for, and how long they work (D5)
second_factor: codes of authenticator apps (D6)
sessions: how long a signed-in device stays so, and what its refresh tokens may do (D4)
scopes: what clients of third parties may do (D8)
clients: which clients may be registered, and where browsers may be sent (D9)
lockout: when wrong passwords lock an account (D3)
standing: what an account waits for, and what its user does next
rejections: why a sign-in or a password is rejected

Vocabulary: a *user* signs in with an e-mail address and a password; a *role* is what the user is
to the airline; a *permission* names one thing that routes require; a *lockout* is the time in
which an account accepts no password, because several were wrong; a *session* is one signed-in
device of a user; a *generation* numbers its refresh tokens; a *client* is software of a third
party, a *scope* a part of what users or roles may do that a client can be given, a *consent* a
user's permission to a client.

D1  A permission is held through a role only; what the table does not grant is refused.
D2  An auditor may read and never write.
D3  Five wrong passwords within 15 minutes lock the account for 30 minutes, for the right
    password too.
D4  A session lasts 30 days at most, and 7 days after its last refresh. A refresh token is spent by
    its first use; presented again after 10 seconds, it ends the session.
D5  A mailed link works once, within its time, and only the newest of its purpose. A new password
    ends the other sessions, one that was set by a link all of them.
D6  A code of an authenticator app works once, in its time step or the one beside it; a recovery
    code works once. Who may take money, read all data or give rights needs a second factor.
D7  An address counts as the user's once a link that was mailed to it was used by the signed-in
    user, or with the password, or it reset that. Before, nobody gives the account a role of staff,
    and a second factor does not outlive a reset.
D8  A client reaches only routes of its scopes, with the rights of its user or role at most.
D9  Browsers are sent to registered addresses only, compared as text. A code is valid for 60 seconds
    and once; presented again, it ends the session that it opened.
D10 Staff reset a lost second factor, never their own: at once; of a role that must have one with
    the approval of another admin; of a customer 24 hours after the owner of the mailbox confirmed.
D11 Each change of what protects an account is written to its address, with a link that works once,
    for 7 days: it ends all sessions and the password. The address that the letter went to wins.
D12 An account that is closed has no rights, whatever its role; the last active admin stays one.
"""
