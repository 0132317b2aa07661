"""A version is proposed by one person, approved by another, and never ambiguous."""

import datetime as dt
from typing import Any

import msgspec
import pytest

from application.policies.value_json import members_of, value_from
from domain.kernel.fold import fold
from domain.policies import publication, rejections
from domain.policies.bands import FeeBand
from domain.policies.events import PolicyEvent, PolicyProposed, PolicyPublished
from domain.policies.fare_families import (
    BaggageAllowance,
    FamilyName,
    FareFamilies,
    FareFamily,
)
from domain.policies.filed_fares import FiledFare, FiledFares
from domain.policies.money_values import (
    ApprovalLimits,
    CardAmounts,
    CreditLifetimes,
    CurrencyLeast,
    CurrencyLimit,
    GiftCards,
    LeastCharges,
    NameCorrections,
)
from domain.policies.operating_values import (
    CONNECTING_TIMES,
    HOLD_TIMES,
    LIMITS,
    OVERBOOKING,
    SALES_WINDOW,
    AirportTime,
    ConnectingTimes,
    DisruptionDeadlines,
    GateTimes,
    HoldTimes,
    LateMoney,
    MaterialChange,
    OperatingValue,
    Overbooking,
    PlacesPerFlight,
    SalesWindow,
)
from domain.policies.price_values import ExtraNet, Extras, PassengerShares
from domain.policies.publication import LEAST_LEAD, LONGEST_LEAD
from domain.policies.scope import EVERYWHERE, Scope
from domain.policies.state import Policy, of_launch
from domain.policies.taxes import TaxCharge, Taxes
from domain.policies.values import (
    LAUNCH,
    OPERATING,
    CancellationFees,
    ChangeFees,
    PolicyName,
    PolicyValue,
    name_of,
    require_valid,
)
from tests.support.examples import NOW
from tests.support.fare_families import BRANDS
from tests.support.policies import APPROVER, AUTHOR, cancellation, change

TENTH = cancellation(10)
LATER = NOW + dt.timedelta(days=30)


def propose(
    policy: Policy,
    value: PolicyValue = TENTH,
    *,
    scope: Scope = EVERYWHERE,
    valid_from: dt.datetime | None = None,
) -> tuple[PolicyEvent, ...]:
    return publication.propose(
        policy,
        value=value,
        scope=scope,
        valid_from=valid_from,
        author=AUTHOR,
        reason="commercial",
        now=NOW,
    )


def published(policy: Policy, *values: PolicyEvent) -> Policy:
    """The policy after its proposal was approved."""
    policy = fold(publication.evolve, policy, values)
    assert policy.proposal is not None
    number = policy.proposal.number
    approved = publication.approve(policy, number=number, approver=APPROVER, now=NOW)
    return fold(publication.evolve, policy, approved)


LAUNCHED = of_launch("cancellation_fees")


def test_two_persons_publish_a_version() -> None:
    (proposed,) = propose(LAUNCHED)
    assert isinstance(proposed, PolicyProposed)
    policy = fold(publication.evolve, LAUNCHED, (proposed,))
    (event,) = publication.approve(policy, number=1, approver=APPROVER, now=NOW)
    assert event == PolicyPublished(
        version=2,
        scope=EVERYWHERE,
        value=cancellation(10),
        valid_from=NOW + LEAST_LEAD,
        author=AUTHOR,
        approver=APPROVER,
        reason="commercial",
    )
    after = fold(publication.evolve, policy, (event,))
    assert after.proposal is None
    assert [each.number for each in after.versions] == [1, 2]


def test_the_author_does_not_approve() -> None:
    policy = fold(publication.evolve, LAUNCHED, propose(LAUNCHED))
    with pytest.raises(rejections.SecondPersonNeeded):
        publication.approve(policy, number=1, approver=AUTHOR, now=NOW)


def test_only_what_was_read_is_approved() -> None:
    policy = fold(publication.evolve, LAUNCHED, propose(LAUNCHED))
    assert propose(policy) == ()
    replaced = fold(publication.evolve, policy, propose(policy, cancellation(99)))
    for wrong in (replaced, published(replaced), LAUNCHED):
        with pytest.raises(rejections.ProposalGone):
            publication.approve(wrong, number=1, approver=APPROVER, now=NOW)


def test_a_date_that_has_come_near_before_the_approval_is_refused() -> None:
    policy = fold(publication.evolve, LAUNCHED, propose(LAUNCHED, valid_from=LATER))
    with pytest.raises(rejections.InvalidPolicy) as refused:
        publication.approve(policy, number=1, approver=APPROVER, now=LATER)
    assert refused.value.parameters["reason"] == "date_in_past"


@pytest.mark.parametrize(
    ("ahead", "reason"),
    [
        (dt.timedelta(days=-1), "date_in_past"),
        (LEAST_LEAD - dt.timedelta(microseconds=1), "date_in_past"),
        (LONGEST_LEAD + dt.timedelta(seconds=1), "date_too_far_ahead"),
    ],
)
def test_a_date_outside_its_limits_is_refused(ahead: dt.timedelta, reason: str) -> None:
    with pytest.raises(rejections.InvalidPolicy) as refused:
        propose(LAUNCHED, valid_from=NOW + ahead)
    assert refused.value.parameters["field"] == "validFrom"
    assert refused.value.parameters["reason"] == reason


def test_the_earliest_date_is_possible() -> None:
    assert propose(LAUNCHED, valid_from=NOW + LEAST_LEAD)


def test_two_versions_of_a_scope_do_not_begin_at_once() -> None:
    policy = published(LAUNCHED, *propose(LAUNCHED, valid_from=LATER))
    assert propose(policy, valid_from=LATER + dt.timedelta(days=1))
    with pytest.raises(rejections.InvalidPolicy) as refused:
        propose(policy, cancellation(20), valid_from=LATER)
    assert refused.value.parameters == {"field": "validFrom", "reason": "date_taken", "version": 2}


@pytest.mark.parametrize(
    ("scope", "clashes"),
    [
        (Scope(cabin="J"), True),
        (Scope(currency="SAR"), True),
        (Scope(route="JED-RUH"), False),
        (Scope(route="RUH-JED", cabin="J"), False),
        (EVERYWHERE, False),
        (Scope(route="RUH-JED"), False),
    ],
)
def test_a_scope_that_would_be_as_specific_for_a_sale_is_refused(
    scope: Scope, clashes: bool
) -> None:
    policy = published(LAUNCHED, *propose(LAUNCHED, scope=Scope(route="RUH-JED")))
    if not clashes:
        assert propose(policy, scope=scope, valid_from=LATER)
        return
    with pytest.raises(rejections.InvalidPolicy) as refused:
        propose(policy, scope=scope, valid_from=LATER)
    assert refused.value.parameters == {"field": "scope", "reason": "scope_overlaps", "version": 2}


@pytest.mark.parametrize(
    "scope", [Scope(route="RUHJED"), Scope(cabin="C"), Scope(fare_class="y"), Scope(currency="SR")]
)
def test_a_scope_that_no_sale_could_meet_is_refused(scope: Scope) -> None:
    with pytest.raises(rejections.InvalidPolicy) as refused:
        propose(LAUNCHED, scope=scope)
    assert refused.value.parameters["reason"] == "scope_malformed"


@pytest.mark.parametrize(("field", "text"), [("cabin", "Y"), ("fare_class", "K")])
def test_a_scope_with_a_field_that_the_policy_does_not_have_is_refused(
    field: str, text: str
) -> None:
    value, policy = LAUNCH["extras"], of_launch("extras")
    assert propose(policy, value, scope=Scope(market="domestic", route="RUH-JED"))
    with pytest.raises(rejections.InvalidPolicy) as refused:
        propose(policy, value, scope=Scope(**{field: text}))  # type: ignore[arg-type]
    assert refused.value.parameters["reason"] == "scope_not_of_policy"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (CancellationFees((), 100), "bands_not_down_to_departure"),
        (ChangeFees((FeeBand(24, 5),)), "bands_not_down_to_departure"),
        (ChangeFees((FeeBand(24, 5), FeeBand(48, 5), FeeBand(0, 5))), "bands_not_in_order"),
        (ChangeFees((FeeBand(24, 5), FeeBand(24, 5), FeeBand(0, 5))), "bands_not_in_order"),
        (ChangeFees((FeeBand(10**6, 5), FeeBand(0, 5))), "bands_not_in_order"),
        (change(101), "percent_out_of_range"),
        (cancellation(10, after_departure=-1), "percent_out_of_range"),
        (PassengerShares(75, 101), "percent_out_of_range"),
        (PassengerShares(-1, 10), "percent_out_of_range"),
        (Extras((ExtraNet("GOLDBAR", "SAR", 100_00),)), "unknown_extra"),
        (Extras((ExtraNet("MEAL", "ZZZ", 100_00),)), "unknown_currency"),
        (Extras((ExtraNet("MEAL", "SAR", 9),)), "not_chargeable"),
        (Extras((ExtraNet("MEAL", "SAR", 100_000_000),)), "not_chargeable"),
        (Extras((ExtraNet("MEAL", "KWD", 1_005),)), "not_chargeable"),
        (Extras((ExtraNet("MEAL", "SAR", 1_00),) * 2), "twice_in_the_table"),
        (Extras((ExtraNet("MEAL", "SAR", 1_00),) * 201), "table_too_long"),
        (CreditLifetimes(0, 90, 14), "figure_out_of_range"),
        (CreditLifetimes(365, 90, 4_000), "figure_out_of_range"),
        (GiftCards(0, 365, 14, 90, ()), "figure_out_of_range"),
        (GiftCards(24, 13, 14, 90, ()), "figure_out_of_range"),
        (GiftCards(24, 365, 14, 90, (CardAmounts("SAR", 10_00, 9_00),)), "figure_out_of_range"),
        (GiftCards(24, 365, 14, 90, (CardAmounts("SAR", 1, 9_00),)), "figure_out_of_range"),
        (GiftCards(24, 365, 14, 90, (CardAmounts("KWD", 5_001, 9_000),)), "not_chargeable"),
        (GiftCards(24, 365, 14, 90, (CardAmounts("SAR", 50_00, 90_00),) * 2), "twice_in_the_table"),
        (LeastCharges((CurrencyLeast("SAR", 0),)), "figure_out_of_range"),
        (NameCorrections(0, 3), "figure_out_of_range"),
        (NameCorrections(3, 0), "figure_out_of_range"),
        (ApprovalLimits((CurrencyLimit("SAR", -1),)), "figure_out_of_range"),
        (ApprovalLimits((CurrencyLimit("ZZZ", 1),)), "unknown_currency"),
        (ApprovalLimits((CurrencyLimit("SAR", 1),) * 2), "twice_in_the_table"),
        (ApprovalLimits((CurrencyLimit("SAR", 1),) * 41), "table_too_long"),
    ],
)
def test_a_value_that_its_policy_cannot_have_is_refused(value: PolicyValue, reason: str) -> None:
    with pytest.raises(rejections.InvalidPolicy) as refused:
        propose(of_launch(name_of(value)), value)
    assert refused.value.parameters["reason"] == reason


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"bands": []},
        {"bands": "none", "afterDeparturePercent": 5},
        {"bands": [], "after_departure_percent": 5},
        {"bands": [], "afterDeparturePercent": 5, "more": 1},
        {"bands": [], "afterDeparturePercent": 5, "policy": "change_fees"},
        {"bands": [{"fromHours": 0.5, "percent": 1}], "afterDeparturePercent": 5},
    ],
)
def test_members_that_are_not_of_the_schema_are_refused(members: dict[str, Any]) -> None:
    with pytest.raises(rejections.InvalidPolicy):
        value_from("cancellation_fees", members)
    with pytest.raises(rejections.PolicyNotFound):
        value_from("no_such_policy", members)


def test_a_value_is_read_as_it_is_shown() -> None:
    day = NOW.date()
    fare = FiledFare("RUH-JED", "Y", "Y", "SAR", 300_00, day, day, (4, 5), "round_trip")
    for value in (*LAUNCH.values(), BRANDS, FiledFares((fare,))):
        assert value_from(name_of(value), members_of(value)) == value


EXTRAS_OF_LAUNCH = Extras(
    tuple(
        ExtraNet(code, currency, net)
        for code, *nets in (
            ("BAG20", 150_00, 12_500, 6_000),
            ("BAG30", 220_00, 18_500, 8_800),
            ("SPORT", 300_00, 25_000, 12_000),
            ("MEAL", 50_00, 4_000, 2_000),
            ("MEALKIDS", 40_00, 3_500, 1_600),
            ("LEGROOM", 100_00, 8_500, 4_000),
            ("FRONT", 80_00, 6_500, 3_200),
            ("PRIORITY", 50_00, 4_000, 2_000),
            ("LOUNGE", 200_00, 16_500, 8_000),
        )
        for currency, net in zip(("SAR", "KWD", "JPY"), nets, strict=True)
    )
)
FAMILIES_OF_LAUNCH = FareFamilies(
    (
        FareFamily(
            "ECONOMY",
            FamilyName("Economy", "السياحية"),
            "Y",
            "OW",
            BaggageAllowance(1, 23, 1, 7),
        ),
        FareFamily(
            "BUSINESS",
            FamilyName("Business", "رجال الأعمال"),
            "J",
            "OW",
            BaggageAllowance(2, 32, 2, 7),
        ),
    )
)


def test_the_values_of_the_launch_never_change() -> None:
    """Bookings that name no versions were sold under them."""
    wanted: dict[PolicyName, PolicyValue] = {
        "cancellation_fees": CancellationFees(
            (FeeBand(168, 0), FeeBand(72, 25), FeeBand(24, 50), FeeBand(0, 75)), 100
        ),
        "change_fees": ChangeFees(
            (FeeBand(168, 0), FeeBand(72, 5), FeeBand(24, 10), FeeBand(0, 15))
        ),
        "passenger_shares": PassengerShares(75, 10),
        "extras": EXTRAS_OF_LAUNCH,
        "taxes": Taxes(
            (
                TaxCharge("T2", "GACA", "departure", 10_00, "SAR", "domestic"),
                TaxCharge("T2", "GACA", "arrival", 10_00, "SAR", "domestic"),
            )
        ),
        "credit_lifetimes": CreditLifetimes(365, 90, 14),
        "gift_cards": GiftCards(
            24,
            365,
            14,
            90,
            (
                CardAmounts("SAR", 50_00, 5_000_00),
                CardAmounts("KWD", 5_000, 400_000),
                CardAmounts("JPY", 2_000, 200_000),
            ),
        ),
        "approval_limits": ApprovalLimits(
            (
                CurrencyLimit("SAR", 5_000_00),
                CurrencyLimit("KWD", 400_000),
                CurrencyLimit("JPY", 200_000),
            )
        ),
        "least_charges": LeastCharges(
            (CurrencyLeast("SAR", 2_00), CurrencyLeast("KWD", 200), CurrencyLeast("JPY", 50))
        ),
        "name_corrections": NameCorrections(3, 3),
        "fare_families": FAMILIES_OF_LAUNCH,
        "filed_fares": FiledFares(()),
    }
    # The table of regimes has a test of its own.
    others = OPERATING | {"compensation"}
    assert wanted == {name: value for name, value in LAUNCH.items() if name not in others}
    for value in LAUNCH.values():
        require_valid(value)


def test_the_rules_of_the_launch_about_operations_never_change() -> None:
    wanted: dict[PolicyName, PolicyValue] = {
        "hold_times": HoldTimes(15, 1_440, 60, 15, 105, 10),
        "sales_window": SalesWindow(60),
        "overbooking": Overbooking(5, 2, 10),
        "material_change": MaterialChange(120),
        "places_per_flight": PlacesPerFlight(12, 6),
        "gate_times": GateTimes(2_880, 60, 45, 15),
        "late_money": LateMoney(1_440),
        "disruption_deadlines": DisruptionDeadlines(1_440, 10_080),
        "connecting_times": ConnectingTimes(
            (AirportTime("DMM", 60), AirportTime("JED", 75), AirportTime("RUH", 60)), 45, 720
        ),
    }
    assert wanted == {name: LAUNCH[name] for name in OPERATING}


def test_one_person_publishes_a_rule_about_operations() -> None:
    policy, value = of_launch("sales_window"), SalesWindow(90)
    (event,) = propose(policy, value)
    assert event == PolicyPublished(
        version=2,
        scope=EVERYWHERE,
        value=value,
        valid_from=NOW + LEAST_LEAD,
        author=AUTHOR,
        approver=None,
        reason="commercial",
    )
    after = fold(publication.evolve, policy, (event,))
    assert (len(after.versions), after.proposal) == (2, None)
    # The same again records nothing; the value of before is a version of its own.
    assert propose(after, value) == ()
    assert propose(after, SALES_WINDOW, valid_from=LATER)
    with pytest.raises(rejections.ProposalGone):
        publication.approve(after, number=1, approver=APPROVER, now=NOW)


def test_what_is_in_force_only_later_is_published_for_now() -> None:
    policy, value = of_launch("sales_window"), SalesWindow(90)
    later = fold(publication.evolve, policy, propose(policy, value, valid_from=LATER))
    assert propose(later, value)
    assert propose(later, value, valid_from=LATER + dt.timedelta(days=1)) == ()


@pytest.mark.parametrize(
    ("value", "scope"),
    [
        (SALES_WINDOW, Scope(cabin="Y")),
        (OVERBOOKING, Scope(currency="SAR")),
        (HOLD_TIMES, Scope(market="domestic")),
    ],
)
def test_a_scope_that_the_rule_does_not_have_is_refused(
    value: OperatingValue, scope: Scope
) -> None:
    with pytest.raises(rejections.InvalidPolicy) as refused:
        propose(of_launch(name_of(value)), value, scope=scope)
    assert refused.value.parameters["reason"] == "scope_not_of_policy"


@pytest.mark.parametrize("name", sorted(OPERATING))
def test_each_figure_has_a_least_and_a_most(name: PolicyName) -> None:
    value = LAUNCH[name]
    assert isinstance(value, OperatingValue)
    assert LIMITS[type(value)].keys() == set(type(value).__struct_fields__) - {"airports"}
    for member, (least, most) in LIMITS[type(value)].items():
        assert least <= getattr(value, member) <= most
        for figure in (least - 1, most + 1):
            outside = msgspec.structs.replace(value, **{member: figure})
            with pytest.raises(rejections.InvalidPolicy) as refused:
                propose(of_launch(name), outside)
            assert refused.value.parameters["reason"] == "figure_out_of_range"
            assert refused.value.parameters["name"] == member


@pytest.mark.parametrize(
    ("name", "changes", "reason"),
    [
        ("hold_times", {"hold_minutes": 61}, "hold_outlasts_session"),
        ("hold_times", {"extended_below_minutes": 16}, "extension_too_short"),
        ("gate_times", {"check_in_closes_minutes": 14}, "gate_times_not_in_order"),
        ("gate_times", {"check_in_opens_minutes": 60}, "gate_times_not_in_order"),
        ("gate_times", {"boarding_starts_minutes": 15}, "gate_times_not_in_order"),
        ("disruption_deadlines", {"remind_minutes": 10_080}, "reminder_after_refund"),
    ],
)
def test_figures_that_contradict_each_other_are_refused(
    name: PolicyName, changes: dict[str, int], reason: str
) -> None:
    with pytest.raises(rejections.InvalidPolicy) as refused:
        propose(of_launch(name), msgspec.structs.replace(LAUNCH[name], **changes))
    assert refused.value.parameters["reason"] == reason


@pytest.mark.parametrize(
    "airports",
    [
        (AirportTime("JED", 60), AirportTime("JED", 75)),
        (AirportTime("Jeddah", 60),),
        (AirportTime("JED", 9),),
        (AirportTime("JED", 601),),
    ],
)
def test_airports_with_impossible_times_are_refused(airports: tuple[AirportTime, ...]) -> None:
    value = msgspec.structs.replace(CONNECTING_TIMES, airports=airports)
    with pytest.raises(rejections.InvalidPolicy) as refused:
        propose(of_launch("connecting_times"), value)
    assert refused.value.parameters["reason"] == "airport_times_malformed"
