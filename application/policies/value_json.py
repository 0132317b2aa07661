"""Values of policies as staff write and read them: with members such as `fromHours`."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from application.policies.read_policies import require_name
from domain.policies import rejections
from domain.policies.scope import Market, Scope
from domain.policies.taxes import Taxes
from domain.policies.values import LAUNCH, PolicyValue, stream_of
from domain.pricing import exchange

# The name of the policy, which the stored value contains, is not repeated.
_TAG = "policy"


def value_from(name: str, members: Mapping[str, Any]) -> PolicyValue:
    """Return the value of a policy that has these members.

    Rejects PolicyNotFound, and InvalidPolicy where they are not those of the policy.
    """
    known = require_name(stream_of(name))
    try:
        value = msgspec.convert(_renamed(members, _stored), type(LAUNCH[known]), str_keys=True)
    except msgspec.MsgspecError:
        raise rejections.InvalidPolicy(field="value", reason="not_of_the_schema") from None
    if isinstance(value, Taxes):
        _require_convertible(value)
    return value


def _require_convertible(value: Taxes) -> None:
    """A charge is converted to the currency of the sale; otherwise InvalidPolicy."""
    for index, each in enumerate(value.rows):
        if not exchange.is_sold(each.currency):
            raise rejections.InvalidPolicy(
                field=f"value.rows[{index}]", reason="no_exchange_rate", currency=each.currency
            )


def scope_from(
    market: Market | None,
    route: str | None,
    cabin: str | None,
    fare_class: str | None,
    currency: str | None,
) -> Scope:
    """Return the scope of these fields; the cabin by its code."""
    return Scope(market, route, cabin, fare_class, currency)


def members_of(value: PolicyValue) -> dict[str, Any]:
    """Return the members of a value, without the name of its policy."""
    found = msgspec.to_builtins(value)
    found.pop(_TAG)
    renamed: dict[str, Any] = _renamed(found, _shown)
    return renamed


def _renamed(value: Any, rename: Callable[[str], str]) -> Any:
    if isinstance(value, Mapping):
        return {rename(str(name)): _renamed(each, rename) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_renamed(each, rename) for each in value]
    return value


def _shown(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(each.capitalize() for each in tail)


def _stored(name: str) -> str:
    """Return `from_hours` for `fromHours`; another spelling stays, and is no member."""
    spelled = "".join(f"_{each.lower()}" if each.isupper() else each for each in name)
    return spelled if _shown(spelled) == name and spelled != _TAG else f"?{name}"
