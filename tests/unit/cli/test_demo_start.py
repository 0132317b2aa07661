"""What a demo takes from its environment and from the last start on its folder."""

import socket
from pathlib import Path

import pytest

from interfaces.cli import demo_ports, demo_stage
from interfaces.cli.demo_failed import DemoFailed

HOST = "127.0.0.1"


def test_settings_of_the_environment_are_taken_over() -> None:
    given = demo_stage.overrides_from(
        {
            "AIS_AIRLINE_NAME": "Test Wings",
            "AIS_LIMIT_BOOKING": "3",
            "AIS_LOG_LEVEL": "",
            "AIS_DATA_DIR": "letters",
            "HOME": "/root",
        }
    )
    assert given == {
        "AIS_AIRLINE_NAME": "Test Wings",
        "AIS_LIMIT_BOOKING": "3",
        "AIS_DATA_DIR": str(Path("letters").absolute()),
    }


@pytest.mark.parametrize("name", sorted(demo_stage.OWN_SERVERS))
def test_a_server_of_ones_own_is_refused_and_not_silently_replaced(name: str) -> None:
    with pytest.raises(DemoFailed, match=f"{name} is set"):
        demo_stage.overrides_from({name: "postgresql://elsewhere/db"})


@pytest.mark.parametrize(
    ("host", "reached"),
    [("0.0.0.0", HOST), ("::", HOST), ("10.1.2.3", "10.1.2.3"), ("::1", "[::1]")],
)
def test_the_demo_asks_the_host_that_it_listens_on(host: str, reached: str) -> None:
    assert demo_stage.reachable({"AIS_HOST": host}) == reached
    assert demo_stage.reachable({}) == HOST


def test_the_ports_of_the_last_start_are_taken_again(tmp_path: Path) -> None:
    api, stripe = demo_ports.any_free(HOST), demo_ports.any_free(HOST)
    demo_ports.remember(tmp_path, api=api, stripe=stripe)
    assert demo_ports.api_port(tmp_path, None, host=HOST) == api
    assert demo_ports.stripe_port(tmp_path) == (stripe, None)


def test_a_taken_port_is_replaced_or_refused_in_plain_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo_ports, "AGAIN_SECONDS", 0.1)
    with socket.create_server((HOST, 0)) as other:
        taken = other.getsockname()[1]
        demo_ports.remember(tmp_path, api=taken, stripe=taken)
        assert demo_ports.api_port(tmp_path, None, host=HOST) != taken
        port, before = demo_ports.stripe_port(tmp_path)
        assert (port != taken, before) == (True, taken)
        with pytest.raises(DemoFailed, match=f"port {taken} is in use"):
            demo_ports.api_port(tmp_path, taken, host=HOST)


@pytest.mark.parametrize("content", [None, "", "{", "no JSON"])
def test_a_folder_without_readable_ports_gets_free_ones(
    tmp_path: Path, content: str | None
) -> None:
    if content is not None:
        (tmp_path / demo_ports.FILE).write_text(content)
    assert demo_ports.api_port(tmp_path, 0, host=HOST) > 0
    assert demo_ports.stripe_port(tmp_path)[0] > 0
