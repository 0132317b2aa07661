"""Who sends an invalid request reads which member is wrong, and why."""

from tests.support.reference import rejection_reasons

# They take both from another rejection, or from what a document lacks.
BY_A_MAPPING = {"ConsentRefused", "DocumentMissing"}


def test_every_rejection_of_an_invalid_request_names_its_field_and_reason() -> None:
    places = [
        (place, kind, given)
        for place, kind, given in rejection_reasons.places()
        if kind.code == "VALIDATION_ERROR"
    ]
    assert len(places) > 100
    incomplete = [
        f"{place}: {kind.__name__} has no {name}"
        for place, kind, given in places
        for name in ("field", "reason")
        if name not in given and getattr(kind, name) is None
        if not (None in given and kind.__name__ in BY_A_MAPPING)
    ]
    assert incomplete == []


def test_a_field_that_is_given_precedes_that_of_the_class() -> None:
    by_name = {each.__name__: each for each in rejection_reasons.rejections()}
    no_such_part = by_name["NoSuchPart"]
    assert no_such_part(passenger=3).parameters == {
        "field": "passenger",
        "reason": "not_in_the_booking",
        "passenger": 3,
    }
    assert no_such_part(field="seats", segment=1).parameters["field"] == "seats"
