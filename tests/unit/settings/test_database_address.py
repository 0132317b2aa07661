"""Each server of an address with several is one address; the rest of it counts for all."""

from psycopg import conninfo

from infrastructure.postgres.primary import servers_of


def _places(dsn: str) -> list[tuple[object, object, object]]:
    found = [conninfo.conninfo_to_dict(each) for each in servers_of(dsn)]
    return [(each.get("host"), each.get("port"), each.get("user")) for each in found]


def test_an_address_with_one_host_is_left_as_it_is() -> None:
    assert servers_of("postgresql://u@a:5433/n") == ["postgresql://u@a:5433/n"]
    assert servers_of("dbname=n") == ["dbname=n"]


def test_each_host_has_its_own_port_or_the_one_of_all() -> None:
    assert _places("postgresql://u@a:1,b:2/n") == [("a", "1", "u"), ("b", "2", "u")]
    assert _places("host=a,b port=7 user=u") == [("a", "7", "u"), ("b", "7", "u")]
    assert _places("host=/x,/y user=u") == [("/x", None, "u"), ("/y", None, "u")]
