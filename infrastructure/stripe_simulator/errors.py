"""Stripe's error answers; every refusal of the simulator is one `ApiError`."""

from infrastructure.stripe_simulator.configuration import Json


class ApiError(Exception):
    """A refusal in Stripe's form: HTTP status and the fields of its `error` object."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        extra: Json | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers: dict[str, str] = {}
        self.body: Json = {"message": message, "type": kind}
        if code is not None:
            self.body["code"] = code
        if param is not None:
            self.body["param"] = param
        self.body.update(extra or {})


def invalid(message: str, *, param: str | None = None, code: str | None = None) -> ApiError:
    """Return a 400 for a request that is invalid, or invalid in the current state."""
    return ApiError(400, message, param=param, code=code)


def no_such(noun: str, identifier: str, *, param: str = "id", status: int = 404) -> ApiError:
    """Return the error of a missing object: 404 in a path, 400 when a parameter names it."""
    return ApiError(status, f"No such {noun}: '{identifier}'", code="resource_missing", param=param)
