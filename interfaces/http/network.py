"""Routes of the network: the airports and routes that the airline flies."""

import msgspec
from litestar import get

from application.pricing import list_routes as network
from interfaces.http import auth, security_headers, wire
from interfaces.http.answers import Answered
from interfaces.http.strict_request import StrictRequest

# A new route shows a few minutes late; a search decides by itself.
_KEPT = {"cache-control": security_headers.SHARED}


class BilingualNameResponse(msgspec.Struct, rename="camel"):
    """A name in English and Arabic; `ar` is null where nobody has written it."""

    en: str
    ar: str | None


class AirportResponse(msgspec.Struct, rename="camel"):
    """An airport by IATA code; `country` has two letters (ISO 3166), `zone` is an IANA name."""

    code: str
    name: BilingualNameResponse
    city: BilingualNameResponse
    country: str
    zone: str
    latitude: float
    longitude: float


class AirportsResponse(wire.ReadModelResponse):
    """In the order of their codes."""

    airports: list[AirportResponse]


class RouteResponse(msgspec.Struct, rename={"origin": "from", "destination": "to"}):
    """A route with a coming departure; `domestic` where it stays in the kingdom."""

    origin: str
    destination: str
    domestic: bool


class RoutesResponse(wire.ReadModelResponse):
    """In the order of their airports."""

    routes: list[RouteResponse]


@get("/api/airports", **auth.open_to_all())
async def list_airports(request: StrictRequest) -> Answered[AirportsResponse]:
    """List the airports that the airline flies to, with their names in English and Arabic."""
    airports, as_of = await network.list_airports(request.ports.pricing)
    answer = AirportsResponse(
        airports=[
            AirportResponse(
                code=each.code,
                name=BilingualNameResponse(each.name, each.arabic_name or None),
                city=BilingualNameResponse(each.city, each.arabic_city or None),
                country=each.country,
                zone=each.zone,
                latitude=each.latitude,
                longitude=each.longitude,
            )
            for each in airports
        ],
        as_of_position=as_of.position,
        lag_seconds=as_of.lag_seconds,
    )
    return Answered(answer, headers=_KEPT)


@get("/api/routes", **auth.open_to_all())
async def list_routes(request: StrictRequest) -> Answered[RoutesResponse]:
    """List the routes that the airline flies."""
    routes, as_of = await network.list_routes(request.ports.pricing)
    answer = RoutesResponse(
        routes=[RouteResponse(each.origin, each.destination, each.domestic) for each in routes],
        as_of_position=as_of.position,
        lag_seconds=as_of.lag_seconds,
    )
    return Answered(answer, headers=_KEPT)


ROUTES = (list_airports, list_routes)
