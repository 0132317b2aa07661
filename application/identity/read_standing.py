"""Read what the caller's account waits for, and what its user does next."""

from collections.abc import Sequence

from application.identity.account_ports import AccountPorts
from application.identity.ports import Principal
from domain.identity import roles, standing
from domain.identity.standing import NextStep

AccountState = standing.State
AccountStep = standing.Step
state_of = standing.state_of


async def read_standing(caller: Principal, outside: AccountPorts) -> Sequence[NextStep]:
    """Return the next steps, the most urgent first; none for a client of a third party, which is
    not shown how an account is protected. Raises Unavailable."""
    if caller.client is not None:
        return ()
    now = outside.now()
    found = await outside.notices.standing(caller.user, at=now)
    return standing.next_steps(
        found,
        needs_second_factor=(
            outside.second_factor_required and roles.needs_second_factor(caller.role)
        ),
        has_proved=caller.second_factor,
        now=now,
    )
