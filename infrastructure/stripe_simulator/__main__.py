"""Runs the simulator on loopback: `python -m infrastructure.stripe_simulator --port 0 …`.

Prints one JSON line `{"url": …}` once it answers, then serves until SIGTERM or SIGINT.
"""

import argparse
import contextlib
import gc
import json
import socket
import sys

import uvicorn
import uvloop
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from infrastructure.stripe_simulator.app import create_app
from infrastructure.stripe_simulator.configuration import Configuration, Limits, WebhookTarget
from infrastructure.stripe_simulator.wire import ABORT_EXTENSION

# As the servers before an API are used to: longer than clients keep theirs, who else send a request
# into a connection that is just being closed, and do not know what became of it.
KEEP_ALIVE_SECONDS = 75
# Of new objects, and of those that outlived one and two collections.
GC_THRESHOLDS = (20_000, 50, 10_000)


class AbortableProtocol(HttpToolsProtocol):
    """uvicorn's protocol; the application may also cut its own connection."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {ABORT_EXTENSION: {"abort": self.transport.abort}}


class AnnouncingServer(uvicorn.Server):
    """Prints its URL on standard output as soon as it answers."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        assert sockets
        url = f"http://127.0.0.1:{sockets[0].getsockname()[1]}"
        sys.stdout.write(json.dumps({"url": url}) + "\n")
        sys.stdout.flush()


def _configuration(arguments: argparse.Namespace) -> Configuration:
    secrets = arguments.webhook_secret
    if len(secrets) != len(arguments.webhook_url):
        raise SystemExit("each --webhook-url needs one --webhook-secret")
    targets = zip(arguments.webhook_url, secrets, strict=True)
    events = tuple(arguments.webhook_events.split(","))
    return Configuration(
        api_keys=tuple(arguments.api_key) or Configuration().api_keys,
        webhooks=tuple(WebhookTarget(url, secret, events) for url, secret in targets),
        public_url=arguments.public_url,
        retry_delays_seconds=tuple(arguments.retry_delay) or Configuration().retry_delays_seconds,
        limits=Limits(mode=arguments.limits),
        state_file=arguments.state,
        objects_limit=arguments.objects_limit,
    )


def _arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="stripe_simulator", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free port")
    parser.add_argument("--api-key", action="append", default=[])
    parser.add_argument("--webhook-url", action="append", default=[])
    parser.add_argument("--webhook-secret", action="append", default=[])
    parser.add_argument("--webhook-events", default="*", help="types to send, joined by commas")
    parser.add_argument("--public-url", help="how a browser reaches the hosted page")
    parser.add_argument("--retry-delay", action="append", type=float, default=[])
    parser.add_argument("--limits", choices=("live", "sandbox"), help="none unless given")
    parser.add_argument("--state", help="file that keeps the account over restarts")
    parser.add_argument(
        "--objects-limit",
        type=int,
        default=Configuration().objects_limit,
        help="objects of each kind to keep; older ones are dropped",
    )
    return parser.parse_args(argv)


async def _serve(configuration: Configuration, port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        config = uvicorn.Config(
            create_app(configuration),
            http=AbortableProtocol,
            lifespan="on",
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=1,
        )
        await AnnouncingServer(config).serve(sockets=[listener])


def main() -> None:
    arguments = _arguments(sys.argv[1:])
    # A collection of all objects of a large account takes seconds, in which nobody is answered;
    # the account has no cycles, and what else has some is young.
    gc.set_threshold(*GC_THRESHOLDS)
    with contextlib.suppress(KeyboardInterrupt):
        uvloop.run(_serve(_configuration(arguments), arguments.port))


if __name__ == "__main__":
    main()
