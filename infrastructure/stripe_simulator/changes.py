"""What an update changed: the `previous_attributes` of an event."""

from infrastructure.stripe_simulator.configuration import Json


def since(before: Json, after: Json) -> Json:
    """Return the earlier values of the fields that differ; of nested objects, these fields only."""
    found: Json = {}
    for name in before.keys() | after.keys():
        earlier, later = before.get(name), after.get(name)
        if earlier == later:
            continue
        if isinstance(earlier, dict) and isinstance(later, dict):
            found[name] = since(earlier, later)
        else:
            found[name] = earlier
    return found


def merge_metadata(item: Json, params: Json) -> None:
    """Set the keys of the parameter `metadata`; an empty value of the whole unsets all of them."""
    wanted = params.get("metadata")
    if wanted is not None:
        item["metadata"] = {**item["metadata"], **wanted} if wanted else {}
