"""The adapter of the airport table gives whole, usable airports."""

from zoneinfo import ZoneInfo

from infrastructure.airports import world


def test_an_airport_has_its_name_city_country_and_zone() -> None:
    riyadh = world.load_airports()["RUH"]
    assert (riyadh.code, riyadh.name) == ("RUH", "King Khaled International Airport")
    assert (riyadh.city, riyadh.country, riyadh.zone) == ("Riyadh", "SA", "Asia/Riyadh")
    assert 24 < riyadh.latitude < 26
    assert 46 < riyadh.longitude < 47


def test_an_airport_whose_table_row_has_no_city_still_says_where_one_lands() -> None:
    airports = world.load_airports()
    assert airports["TUU"].city == "Tabuk"
    assert all(airport.city for airport in airports.values())


def test_every_zone_of_the_table_is_known_to_zoneinfo() -> None:
    zones = {airport.zone for airport in world.load_airports().values()}
    assert len(zones) > 200
    assert all(ZoneInfo(zone).key == zone for zone in zones)


def test_an_unknown_code_is_absent() -> None:
    assert "QQQ" not in world.load_airports()
