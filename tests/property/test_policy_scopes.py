"""Whatever is published in whatever order: one version counts for a sale, the most specific one."""

from itertools import permutations
from typing import Any

import msgspec
from hypothesis import assume, event, example, given
from hypothesis import strategies as st

from domain.kernel.fold import fold
from domain.policies import publication
from domain.policies.book import book_of
from domain.policies.publication import LEAST_LEAD
from domain.policies.rejections import InvalidPolicy
from domain.policies.scope import Sale, Scope
from domain.policies.state import Policy, of_launch
from tests.support.examples import NOW
from tests.support.policies import APPROVER, AUTHOR, cancellation

# Two values of each field; a third one is sold and never named.
FIELDS: dict[str, tuple[Any, ...]] = {
    "market": ("domestic", "international"),
    "route": ("RUH-JED", "JED-RUH", "RUH-DMM"),
    "cabin": ("Y", "J"),
    "fare_class": ("K", "Y", "J"),
    "currency": ("SAR", "USD", "EUR"),
}
SALES = st.builds(Sale, **{name: st.sampled_from(each) for name, each in FIELDS.items()})
SCOPES = st.builds(
    Scope, **{name: st.sampled_from((None, None, *each[:2])) for name, each in FIELDS.items()}
)
AFTER = NOW + LEAST_LEAD


def published(scopes: list[Scope]) -> tuple[Policy, list[Scope]]:
    """The policy after these publications at one instant, and the scopes that were not refused."""
    policy, accepted = of_launch("cancellation_fees"), list[Scope]()
    for scope in scopes:
        try:
            proposed = publication.propose(
                policy,
                value=cancellation(len(accepted)),
                scope=scope,
                valid_from=None,
                author=AUTHOR,
                reason="commercial",
                now=NOW,
            )
        except InvalidPolicy as refused:
            event(f"refused: {refused.parameters['reason']}")
            continue
        policy = fold(publication.evolve, policy, proposed)
        assert policy.proposal is not None
        number = policy.proposal.number
        approved = publication.approve(policy, number=number, approver=APPROVER, now=NOW)
        policy = fold(publication.evolve, policy, approved)
        accepted.append(scope)
    return policy, accepted


def given_fields(scope: Scope) -> dict[str, str]:
    """The fields that a scope names."""
    return {name: each for name, each in msgspec.structs.asdict(scope).items() if each is not None}


def in_force(policy: Policy, sale: Sale) -> Scope:
    """The scope of the version that counts."""
    return book_of({policy.name: policy}).in_force(policy.name, sale, at=AFTER).scope


@given(st.lists(SCOPES, min_size=1, max_size=8), SALES)
@example([Scope(), Scope(route="RUH-JED")], Sale("domestic", "RUH-JED", "Y", "K", "SAR"))
def test_exactly_one_most_specific_version_counts(scopes: list[Scope], sale: Sale) -> None:
    policy, accepted = published(scopes)
    sold = msgspec.structs.asdict(sale)
    named = [each for each in accepted if given_fields(each).items() <= sold.items()]
    chosen = in_force(policy, sale)
    if not named:
        assert chosen == Scope()
        return
    most = max(len(given_fields(each)) for each in named)
    assert {each for each in named if len(given_fields(each)) == most} == {chosen}
    # One that names all of another, and more, comes before it.
    for each in named:
        assert not given_fields(chosen).items() < given_fields(each).items()
    event(f"{most} fields are named")


@given(st.lists(SCOPES, min_size=2, max_size=3, unique=True), SALES)
def test_the_order_of_publications_does_not_matter(scopes: list[Scope], sale: Sale) -> None:
    policy, accepted = published(scopes)
    assume(len(accepted) == len(scopes))
    for order in permutations(scopes):
        other, all_of_them = published(list(order))
        assert len(all_of_them) == len(scopes)
        assert in_force(other, sale) == in_force(policy, sale)
