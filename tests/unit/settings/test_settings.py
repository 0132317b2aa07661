"""An invalid or unknown setting stops the start with its name; secrets are never shown."""

from typing import get_args, get_type_hints

import pytest

from interfaces import settings
from interfaces.http import rate_limit
from interfaces.setting_types import Secret
from interfaces.settings import Settings

REPLICA = "AIS_REPLICA_DATABASE_URL"
REQUIRED = {
    "AIS_DATABASE_URL": "postgresql://ais:hunter2@db/ais",
    "AIS_MASTER_KEY": "hunter2-master",
    "AIS_TOKEN_KEY": "hunter2-token",
    "AIS_STRIPE_API_KEY": "hunter2-stripe",
    "AIS_STRIPE_WEBHOOK_SECRETS": "hunter2-one, hunter2-two",
    "AIS_PUBLIC_URL": "https://airline.example",
}
REDIS_URL = "redis://:hunter2@cache:6379/0"


def test_the_settings_are_typed() -> None:
    given = settings.load(
        {
            **REQUIRED,
            "AIS_LIMIT_BOOKING": "7",
            "AIS_TRUSTED_PROXIES": "10.0.0.0/8, 2001:db8::/32",
            "AIS_CORS_ORIGINS": "https://book.airline.example, http://localhost:3000",
            "PATH": "/bin",
            "AIS_ADMIN_DATABASE_URL": "",
        }
    )
    assert given.limit_booking == 7
    assert [str(each.range) for each in given.trusted_proxies] == ["10.0.0.0/8", "2001:db8::/32"]
    assert repr(given.cors_origins) == "(https://book.airline.example, http://localhost:3000)"
    assert [each.reveal() for each in given.stripe_webhook_secrets] == [
        "hunter2-one",
        "hunter2-two",
    ]
    assert given.admin_database_url is None
    assert rate_limit.limits_of(given)["booking"].count == 7


def test_requests_are_counted_for_as_long_as_the_page_of_settings_says() -> None:
    windows = {
        name: limit.window_seconds
        for name, limit in rate_limit.limits_of(settings.load(REQUIRED)).items()
    }
    quarters = dict.fromkeys(("authentication", "find_address"), 900)
    hours = dict.fromkeys(("gift_code", "gift_code_address", "find_reference"), 3_600)
    holds = dict.fromkeys(("unpaid_account", "unpaid_agency", "unpaid_address"), 900)
    minutes = {"anonymous", "signed_in", "staff", "booking", "payment", "client"}
    assert windows == dict.fromkeys(minutes, 60) | quarters | hours | holds


def test_no_secret_is_shown() -> None:
    given = settings.load({**REQUIRED, "AIS_REDIS_URL": REDIS_URL})
    assert "hunter2" not in repr(given)
    assert "hunter2" not in str(given.master_key)
    assert "airline.example" in repr(given)


@pytest.mark.parametrize("name", sorted(REQUIRED))
def test_a_missing_setting_is_named_with_what_is_expected(name: str) -> None:
    with pytest.raises(settings.SettingRefused) as refusal:
        settings.load({key: value for key, value in REQUIRED.items() if key != name})
    assert str(refusal.value).startswith(f"{name} is missing: ")
    assert str(refusal.value).endswith(" is expected")


@pytest.mark.parametrize(
    ("address", "is_taken"),
    [
        ("postgresql://ais:hunter2@db/ais", True),
        ("postgresql://ais:hunter2@a:5432,b:5433/ais?target_session_attrs=read-write", True),
        ("postgresql:///ais?host=/a,/b&target_session_attrs=read-write", True),
        ("host=a,b dbname=ais target_session_attrs=read-write", True),
        ("postgresql://ais:hunter2@a,b/ais", False),
        ("postgresql://ais:hunter2@a,b/ais?target_session_attrs=any", False),
        ("postgresql:///ais?host=/a,/b", False),
        ("host=a,b password=hunter2 dbname=ais", False),
    ],
)
@pytest.mark.parametrize("name", ["DATABASE_URL", "ADMIN_DATABASE_URL", "PROJECTOR_DATABASE_URL"])
def test_an_address_of_several_databases_has_to_ask_for_the_primary(
    name: str, address: str, is_taken: bool
) -> None:
    given = {**REQUIRED, f"AIS_{name}": address}
    if is_taken:
        assert getattr(settings.load(given), name.lower()) == address
        return
    with pytest.raises(settings.SettingRefused) as refusal:
        settings.load(given)
    assert f"AIS_{name}: " in str(refusal.value)
    assert "target_session_attrs=read-write" in str(refusal.value)
    assert "hunter2" not in str(refusal.value)


def test_the_replica_is_one_server() -> None:
    one, several = "postgresql://ais:hunter2@a/ais", "postgresql://ais:hunter2@a,b/ais"
    assert settings.load({**REQUIRED, REPLICA: one}).replica_database_url == one
    with pytest.raises(settings.SettingRefused, match=f"{REPLICA}: one host") as refusal:
        settings.load({**REQUIRED, REPLICA: f"{several}?target_session_attrs=read-write"})
    assert "hunter2" not in str(refusal.value)


def test_only_a_process_of_all_roles_does_without_redis() -> None:
    alone = settings.load(REQUIRED)
    with pytest.raises(settings.SettingRefused, match="AIS_REDIS_URL is missing: a URL such as"):
        settings.redis_url_of(alone)
    assert settings.redis_url_of(settings.load({**REQUIRED, "AIS_REDIS_URL": REDIS_URL}))


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("AIS_DATABASE_ULR", "x", "AIS_DATABASE_ULR is unknown; AIS_DATABASE_URL is near"),
        (
            "AIS_CHECK_IN_OPENS_HOURS",
            "24",
            "AIS_CHECK_IN_OPENS_HOURS is the policy gate_times now: `ais policies show`",
        ),
        ("AIS_ZZZ", "x", "AIS_ZZZ is unknown"),
        ("AIS_LIMIT_BOOKING", "many", "AIS_LIMIT_BOOKING: Expected int, got str"),
        ("AIS_LIMIT_BOOKING", "0", "AIS_LIMIT_BOOKING: Expected int >= 1"),
        ("AIS_PORT", "65536", "AIS_PORT: Expected int <= 65535"),
        ("AIS_DATABASE_URL", "hunter2", "AIS_DATABASE_URL: a URL such as"),
        ("AIS_REDIS_URL", "hunter2", "AIS_REDIS_URL: a URL such as"),
        ("AIS_STRIPE_WEBHOOK_SECRETS", ",", "AIS_STRIPE_WEBHOOK_SECRETS: signing secrets"),
        ("AIS_TRUSTED_PROXIES", "all", "AIS_TRUSTED_PROXIES: networks such as 10.0.0.0/8"),
        ("AIS_CORS_ORIGINS", "*", "AIS_CORS_ORIGINS: origins such as"),
        ("AIS_CORS_ORIGINS", "null", "AIS_CORS_ORIGINS: origins such as"),
        ("AIS_CORS_ORIGINS", "https://*.airline.example", "AIS_CORS_ORIGINS: origins such as"),
        ("AIS_CORS_ORIGINS", "https://airline.example/", "AIS_CORS_ORIGINS: origins such as"),
        ("AIS_CORS_ORIGINS", "https://airline.example:443", "AIS_CORS_ORIGINS: origins such as"),
        ("AIS_CORS_ORIGINS", "https://Airline.example", "AIS_CORS_ORIGINS: origins such as"),
        ("AIS_RETURN_TO", "rimal://paid", "AIS_RETURN_TO: a list such as app="),
        ("AIS_RETURN_TO", "app=rimal", "AIS_RETURN_TO: a list such as app="),
        ("AIS_RETURN_TO", "app=javascript://x/%0aalert(1)", "AIS_RETURN_TO: a list such as"),
        ("AIS_RETURN_TO", "app=http://airline.example", "AIS_RETURN_TO: a list such as app="),
        ("AIS_RETURN_TO", "App=rimal://paid", "AIS_RETURN_TO: a list such as app="),
        ("AIS_LOG_LEVEL", "loud", "AIS_LOG_LEVEL: Invalid enum value"),
        ("AIS_AIRLINE_CODE", "65", "AIS_AIRLINE_CODE: three digits"),
        ("AIS_CARRIER", "12", "AIS_CARRIER: two letters or digits"),
        ("AIS_SELLER_VAT_NUMBER", "30000000000003", "AIS_SELLER_VAT_NUMBER: 15 digits"),
        ("AIS_SELLER_VAT_NUMBER", "200000000000003", "AIS_SELLER_VAT_NUMBER: 15 digits"),
        ("AIS_SELLER_VAT_NUMBER", "300000000000004", "AIS_SELLER_VAT_NUMBER: 15 digits"),
        ("AIS_SELLER_REGISTRATION", "10100000001", "AIS_SELLER_REGISTRATION: ten digits"),
        ("AIS_SELLER_BUILDING", "12345", "AIS_SELLER_BUILDING: four digits"),
        ("AIS_SELLER_POSTAL_CODE", "1221", "AIS_SELLER_POSTAL_CODE: five digits"),
        ("AIS_SELLER_ARABIC_NAME", "\U0001f6eb" * 61, "AIS_SELLER_ARABIC_NAME: Expected str of"),
        ("AIS_TAX_RATES", "KWD 12.21", "AIS_TAX_RATES: rates such as"),
        ("AIS_TAX_RATES", "ZZZ 1 2026-01-01 SAMA", "AIS_TAX_RATES: rates such as"),
        ("AIS_TAX_RATES", "KWD 0.0000001 2026-01-01 SAMA", "AIS_TAX_RATES: rates such as"),
        ("AIS_TAX_RATES", "KWD -1 2026-01-01 SAMA", "AIS_TAX_RATES: rates such as"),
        ("AIS_TAX_RATES", "KWD 0 2026-01-01 SAMA", "AIS_TAX_RATES: rates such as"),
    ],
)
def test_a_wrong_setting_is_named_without_its_secret(name: str, value: str, expected: str) -> None:
    with pytest.raises(settings.SettingRefused) as refusal:
        settings.load({**REQUIRED, name: value})
    assert str(refusal.value).startswith(expected)
    assert "hunter2" not in str(refusal.value)


@pytest.mark.parametrize(
    "url", ["https://airline.example", "http://127.0.0.1.nip.io", "http://10.0.0.1:8000"]
)
def test_passwords_are_cheap_only_where_no_other_machine_comes(url: str) -> None:
    cheap = {**REQUIRED, "AIS_CHEAP_PASSWORDS": "true"}
    for own in ("http://127.0.0.1:8000", "http://[::1]:8000"):
        assert settings.load({**cheap, "AIS_PUBLIC_URL": own}).cheap_passwords
    with pytest.raises(settings.SettingRefused, match="AIS_CHEAP_PASSWORDS: only where"):
        settings.load({**cheap, "AIS_PUBLIC_URL": url})
    assert not settings.load(REQUIRED).cheap_passwords


def test_every_setting_is_described_and_every_secret_is_hidden() -> None:
    assert settings.ABOUT.keys() == set(Settings.__struct_fields__)
    for name, annotation in get_type_hints(Settings).items():
        about = settings.ABOUT[name]
        assert about.meaning and about.used_by, name
        if Secret in (annotation, *get_args(annotation)):
            assert about.is_secret, name
    assert settings.ABOUT["database_url"].is_secret


@pytest.mark.parametrize(
    ("key", "given", "expected"),
    [
        ("sk_live_abc", {}, (45, 11)),
        ("rk_live_abc", {}, (45, 11)),
        ("sk_test_abc", {}, (11, 11)),
        ("sk_test_abc", {"LIMIT_ACCOUNT": "200", "SHARE_PERCENT": "25"}, (50, 5)),
        ("sk_live_abc", {"LIMIT_ENDPOINT": "1", "SHARE_PERCENT": "1"}, (1, 1)),
    ],
)
def test_a_process_has_its_share_of_what_the_stripe_account_may_send(
    key: str, given: dict[str, str], expected: tuple[int, int]
) -> None:
    more = {f"AIS_STRIPE_{name}": value for name, value in given.items()}
    read = settings.load({**REQUIRED, "AIS_STRIPE_API_KEY": key, **more})
    assert (read.stripe_account_share, read.stripe_endpoint_share) == expected


@pytest.mark.parametrize("processes", range(1, 12))
def test_equal_shares_of_all_processes_never_exceed_the_limit(processes: int) -> None:
    for limit in (22, 90, 1_000):
        given = {
            "AIS_STRIPE_LIMIT_ACCOUNT": str(limit),
            "AIS_STRIPE_SHARE_PERCENT": str(100 // processes),
        }
        read = settings.load({**REQUIRED, **given})
        assert processes * read.stripe_account_share <= limit


def test_rates_of_tax_are_read_with_their_day_and_source() -> None:
    given = settings.load(
        {**REQUIRED, "AIS_TAX_RATES": "KWD 12.21 2026-01-01 SAMA daily, JPY 0.0245 2026-02-01 SAMA"}
    )
    found = [each.rate for each in given.tax_rates]
    assert [(each.currency, each.riyal_millionths, each.source) for each in found] == [
        ("KWD", 12_210_000, "SAMA daily"),
        ("JPY", 24_500, "SAMA"),
    ]
    assert given.seller.vat_number == "300000000000003"
