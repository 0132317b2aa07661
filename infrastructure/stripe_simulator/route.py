"""One route of the API, and the functions that most routes share."""

import re
from collections.abc import Callable, Iterable

import msgspec

from infrastructure.stripe_simulator.account import Account, Cause
from infrastructure.stripe_simulator.configuration import Json
from infrastructure.stripe_simulator.refunds import RefundPlans
from infrastructure.stripe_simulator.shelf import Shelf, page


class Call(msgspec.Struct, frozen=True):
    """One checked API call: the id in its path (or ""), parameters, origin of this server."""

    account: Account
    plans: RefundPlans
    identifier: str
    params: Json
    cause: Cause
    origin: str
    path: str


class Route(msgspec.Struct, frozen=True):
    """A method and path pattern with its function; `shape` is a TypedDict of `stripe.params`."""

    method: str
    pattern: re.Pattern[str]
    shape: type
    answer: Callable[[Call], Json]


def at(method: str, path: str, shape: type, answer: Callable[[Call], Json]) -> Route:
    """Return the route of a path such as `refunds/{id}`."""
    pattern = re.compile("/v1/" + path.replace("{id}", "(?P<id>[A-Za-z0-9_]{1,120})"))
    return Route(method, pattern, shape, answer)


def fetch(shelf: Callable[[Account], Shelf], param: str) -> Callable[[Call], Json]:
    """Return the function that answers with one object; `param` is Stripe's word for its id."""
    return lambda call: shelf(call.account).get(call.identifier, param=param)


def listing(
    shelf: Callable[[Account], Shelf], matching: Callable[[Account, Json], Iterable[Json]]
) -> Callable[[Call], Json]:
    """Return the function that answers with a page of the objects that match."""

    def answer(call: Call) -> Json:
        return page(
            shelf(call.account), matching(call.account, call.params), call.params, call.path
        )

    return answer
