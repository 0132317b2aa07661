"""Several carriers in one file: each has its own settings, and no two share what is a carrier's."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from interfaces import carrier_settings
from interfaces.settings import SettingRefused

ROOT = Path(__file__).resolve().parents[3]
TABLE = """
[{name}]
AIS_DATABASE_URL = "postgresql://ais:hunter2@{name}/ais"
AIS_REDIS_URL = "redis://cache/{number}"
AIS_MASTER_KEY = "hunter2-master-{number}"
AIS_TOKEN_KEY = "hunter2-token-{number}"
AIS_STRIPE_API_KEY = "hunter2-stripe-{number}"
AIS_STRIPE_WEBHOOK_SECRETS = "hunter2-webhook-{number}"
AIS_PUBLIC_URL = "https://{number}.example"
AIS_AIRLINE_CODE = "00{number}"
AIS_DATA_DIR = "/var/lib/ais/{name}"
AIS_LIMIT_BOOKING = 2{number}
AIS_MFA_REQUIRED = false
"""


def _file(folder: Path, **changed: str) -> dict[str, str]:
    """The environment of a process with a file of two carriers, in which texts are replaced."""
    text = "".join(TABLE.format(name=name, number=n) for n, name in enumerate(("YY", "ZZ"), 1))
    for old, new in changed.items():
        text = text.replace(old, new)
    path = folder / "carriers.toml"
    path.write_text(text, "utf-8")
    return {"AIS_CARRIERS": str(path), "AIS_PORT": "8123", "AIS_LIMIT_STAFF": "77"}


def test_each_carrier_has_its_own_settings_and_those_of_the_process(tmp_path: Path) -> None:
    found = carrier_settings.load_all(_file(tmp_path))
    assert list(found) == ["YY", "ZZ"]
    first, second = found.values()
    assert (first.carrier, first.airline_code, first.limit_booking) == ("YY", "001", 21)
    assert (second.carrier, second.airline_code, second.limit_booking) == ("ZZ", "002", 22)
    assert {(each.port, each.limit_staff) for each in found.values()} == {(8123, 77)}
    assert not first.mfa_required


def test_a_process_of_one_carrier_sees_no_other(tmp_path: Path) -> None:
    environment = {**_file(tmp_path), "AIS_CARRIER": "ZZ", "AIS_LIMIT_BOOKING": "9"}
    assert carrier_settings.enter(environment)
    assert environment["AIS_DATABASE_URL"].endswith("@ZZ/ais")
    assert environment["AIS_LIMIT_BOOKING"] == "22"
    assert "AIS_CARRIERS" not in environment
    assert not any("@YY/" in value for value in environment.values())


@pytest.mark.parametrize("name", carrier_settings.OWN)
def test_no_two_carriers_share_what_is_a_carrier_s(tmp_path: Path, name: str) -> None:
    environment = _file(tmp_path)
    path = Path(environment["AIS_CARRIERS"])
    lines = path.read_text("utf-8").splitlines()
    (first, _) = [each for each in lines if each.startswith(f"{name} ")]
    shared = [first if each.startswith(f"{name} ") else each for each in lines]
    path.write_text("\n".join(shared), "utf-8")
    with pytest.raises(SettingRefused, match=f"YY and ZZ need a {name} of their own each"):
        carrier_settings.load_all(environment)
    # Nor do they share it by leaving it out.
    path.write_text("\n".join(each for each in lines if not each.startswith(name)), "utf-8")
    with pytest.raises(SettingRefused, match=name):
        carrier_settings.load_all(environment)


@pytest.mark.parametrize("name", carrier_settings.OWN_WHERE_SET)
def test_no_two_carriers_share_another_address_of_a_database(tmp_path: Path, name: str) -> None:
    environment = {**_file(tmp_path), name: "postgresql://replica/ais"}
    with pytest.raises(SettingRefused, match=f"YY and ZZ need a {name} of their own each"):
        carrier_settings.load_all(environment)
    changed = {"AIS_LIMIT_BOOKING = 21": f'{name} = "postgresql://other/ais"'}
    assert len(carrier_settings.load_all({**environment, **_file(tmp_path, **changed)})) == 2


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [
        ("AIS_DATABASE_URL", "postgresql://u@h/ais", "postgresql://v@H:5432/ais"),
        ("AIS_DATABASE_URL", "host=h dbname=ais", "postgresql://g:5432,h/ais"),
        ("AIS_REPLICA_DATABASE_URL", "postgresql://r@ZZ/ais", ""),
        ("AIS_REDIS_URL", "redis://c:6379/0", "rediss://u@C"),
        ("AIS_REDIS_URL", "redis://c/3", "redis://c?db=3"),
        ("AIS_STRIPE_WEBHOOK_SECRETS", "whsec_1,whsec_old", "whsec_2, whsec_old"),
        ("AIS_MASTER_KEY", "new,old", "old"),
        ("AIS_TOKEN_KEY", '{"keys":[{"d":"n"},{"d":"o"}]}', '{"d": "o"}'),
    ],
)
def test_one_thing_in_two_forms_is_not_two(
    tmp_path: Path, name: str, first: str, second: str
) -> None:
    environment = _file(tmp_path)
    path = Path(environment["AIS_CARRIERS"])
    kept = [each for each in path.read_text("utf-8").splitlines() if each[: len(name)] != name]
    given = {"[YY]": first, "[ZZ]": second}
    lines = [f"{each}\n{name} = '{given[each]}'" if given.get(each) else each for each in kept]
    path.write_text("\n".join(lines), "utf-8")
    with pytest.raises(SettingRefused, match=r"YY and ZZ|ZZ and YY"):
        carrier_settings.load_all(environment)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("[ZZ]", "[99]", "99: two letters or digits, not two digits"),
        ("[ZZ]", "[YY]", "is not a file of TOML"),
        ("[ZZ]", "[YY.ZZ]", "a table of settings for each carrier is expected"),
        ("AIS_LIMIT_BOOKING", "AIS_PORT", "AIS_PORT is of the process, not of a carrier"),
        ("AIS_LIMIT_BOOKING", "AIS_OPERATIONS_PORT", "is of the process, not of a carrier"),
        ("AIS_LIMIT_BOOKING", "LIMIT_BOOKING", "LIMIT_BOOKING is not the name of a setting"),
        ("AIS_LIMIT_BOOKING", "AIS_LIMIT_BOOKIN", "AIS_LIMIT_BOOKIN is unknown"),
        ("https://2.example", "ftp://2.example", "AIS_PUBLIC_URL is no address"),
        ("https://2.example", "https://1.EXAMPLE:443", "need a AIS_PUBLIC_URL of their own each"),
    ],
)
def test_a_wrong_file_is_refused_without_a_secret(
    tmp_path: Path, old: str, new: str, expected: str
) -> None:
    with pytest.raises(SettingRefused) as refused:
        carrier_settings.load_all(_file(tmp_path, **{old: new}))
    assert expected in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingRefused, match="No such file"):
        carrier_settings.load_all({"AIS_CARRIERS": str(tmp_path / "none.toml")})


@pytest.mark.parametrize(
    ("address", "hosts"),
    [
        ("https://yy.example", ("yy.example", "yy.example:443")),
        ("https://yy.example:443/", ("yy.example", "yy.example:443")),
        ("http://YY.example", ("yy.example", "yy.example:80")),
        ("http://127.0.0.1:8000", ("127.0.0.1:8000",)),
        ("https://[2001:DB8::1]:8443", ("[2001:db8::1]:8443",)),
    ],
)
def test_the_hosts_of_a_carrier_are_those_of_its_address(
    address: str, hosts: tuple[str, ...]
) -> None:
    assert carrier_settings.authorities(address) == hosts


def test_a_command_for_one_carrier_needs_its_name(tmp_path: Path) -> None:
    def run(*command: str, **more: str) -> tuple[int, str]:
        inherited = {name: each for name, each in os.environ.items() if name[:4] != "AIS_"}
        ended = subprocess.run(
            [sys.executable, "-m", "interfaces.cli.main", *command],
            cwd=ROOT,
            env={**inherited, **_file(tmp_path), **more},
            capture_output=True,
            text=True,
        )
        return ended.returncode, ended.stderr

    refused = "ais: AIS_CARRIER is missing: `ledger` works on one carrier\n"
    assert run("ledger", "trial-balance") == (2, refused)
    wrong = "ais: AIS_CARRIER: one of YY, ZZ is expected\n"
    assert run("ledger", "trial-balance", AIS_CARRIER="XX") == (2, wrong)
    code, said = run("ledger", "trial-balance", "--as-of", "no-day", AIS_CARRIER="ZZ")
    assert code == 2
    assert "as-of" in said
