"""Who somebody is to the airline, what that role may do, and how an account defends itself.

Vocabulary: a *user* signs in with an e-mail address and a password; a *role* is what the user is
to the airline; a *permission* names one thing that routes ask for; a *lockout* is the time in
which an account answers nobody because of wrong passwords.

D1  A permission is held through a role only; what the table does not grant is refused.
D2  An auditor may read and never write.
D3  Five wrong passwords within 15 minutes lock the account for 30 minutes, for the right
    password too.
"""
