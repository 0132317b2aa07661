"""Links that prove the ownership of a mailbox: what each is for, and how long it works (D5)."""

import datetime as dt
from collections.abc import Mapping
from typing import Literal

LinkPurpose = Literal[
    "reset_password",
    "verify_email",
    "change_email",
    "invitation",
    "secure_account",
    "reset_second_factor",
]

LIFETIMES: Mapping[LinkPurpose, dt.timedelta] = {
    "reset_password": dt.timedelta(minutes=30),
    "verify_email": dt.timedelta(days=3),
    "change_email": dt.timedelta(days=1),
    "invitation": dt.timedelta(days=3),
    "secure_account": dt.timedelta(minutes=30),
    "reset_second_factor": dt.timedelta(days=1),
}
