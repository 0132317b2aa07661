"""Roles of users, what each role may do, and how an account is protected against guessing.

roles: roles and their permissions
passwords: which passwords an account may have
lockout: when wrong passwords lock an account (D3)
rejections: why a sign-in or a password is rejected

Vocabulary: a *user* signs in with an e-mail address and a password; a *role* is what the user is
to the airline; a *permission* names one thing that routes require; a *lockout* is the time in
which an account accepts no password, because several were wrong.

D1  A permission is held through a role only; what the table does not grant is refused.
D2  An auditor may read and never write.
D3  Five wrong passwords within 15 minutes lock the account for 30 minutes, for the right
    password too.
"""
