"""The SDK's TypedDicts as the request contract: types come out, mistakes are named."""

from typing import Any

import pytest
from stripe.params import EventListParams, PaymentIntentCreateParams
from stripe.params.checkout import SessionCreateParams

from infrastructure.stripe_simulator.errors import ApiError
from infrastructure.stripe_simulator.forms import unflatten
from infrastructure.stripe_simulator.parameters import checked


def refusal(form: str, shape: type) -> dict[str, Any]:
    with pytest.raises(ApiError) as caught:
        checked(unflatten(form), shape)
    assert caught.value.status == 400
    return caught.value.body


def test_text_becomes_the_type_in_the_shape() -> None:
    form = (
        "mode=payment&expires_at=1800000000&metadata[booking]=b1&allow_promotion_codes=false"
        "&line_items[0][quantity]=2&line_items[0][price_data][currency]=sar"
        "&line_items[0][price_data][unit_amount]=-5&expand[0]=payment_intent"
    )
    assert checked(unflatten(form), SessionCreateParams) == {
        "mode": "payment",
        "expires_at": 1_800_000_000,
        "metadata": {"booking": "b1"},
        "allow_promotion_codes": False,
        "line_items": [{"quantity": 2, "price_data": {"currency": "sar", "unit_amount": -5}}],
        "expand": ["payment_intent"],
    }


def test_a_filter_may_be_a_second_or_a_range() -> None:
    assert checked(unflatten("created=5"), EventListParams) == {"created": 5}
    assert checked(unflatten("created[gte]=5"), EventListParams) == {"created": {"gte": 5}}


@pytest.mark.parametrize(
    ("form", "param", "code"),
    [
        ("modus=payment", "modus", "parameter_unknown"),
        ("line_items[0][price_data][x]=1", "line_items[0][price_data][x]", "parameter_unknown"),
        (
            "line_items[0][price_data][unit_amount]=1",
            "line_items[0][price_data][currency]",
            "parameter_missing",
        ),
        ("expires_at=soon", "expires_at", "parameter_invalid_integer"),
        ("expires_at=1e9", "expires_at", "parameter_invalid_integer"),
        ("expires_at=" + "9" * 19, "expires_at", "parameter_invalid_integer"),
        ("expires_at=" + "9" * 400, "expires_at", "parameter_invalid_integer"),
        ("expires_at=٣", "expires_at", "parameter_invalid_integer"),
        ("allow_promotion_codes=1", "allow_promotion_codes", None),
        ("locale=ar", "locale", None),
        ("mode=", "mode", "parameter_invalid_empty"),
        ("line_items=1", "line_items", None),
        ("line_items[1][quantity]=1", "line_items", None),
        ("success_url[a]=1", "success_url", None),
        ("client_reference_id=" + "x" * 5001, "client_reference_id", "parameter_invalid_string"),
        ("metadata[a][b]=1", "metadata[a]", None),
        ("metadata[" + "k" * 41 + "]=1", "metadata[" + "k" * 41 + "]", None),
        ("metadata[a]=" + "v" * 501, "metadata[a]", None),
        ("&".join(f"metadata[k{n}]=1" for n in range(51)), "metadata", None),
        ("idempotency_key=k", "idempotency_key", "parameter_unknown"),
        ("api_key=sk", "api_key", "parameter_unknown"),
    ],
)
def test_a_mistake_is_named_with_its_place(form: str, param: str, code: str | None) -> None:
    body = refusal(form, SessionCreateParams)
    assert (body["param"], body.get("code")) == (param, code)
    assert body["type"] == "invalid_request_error"


def test_required_parameters_are_required() -> None:
    assert refusal("currency=sar", PaymentIntentCreateParams)["param"] == "amount"
