"""The Stripe simulator as a process of its own on a free loopback port, and its control path."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from infrastructure.stripe.pace import Limits

ROOT = Path(__file__).resolve().parents[2]
API_KEY = "sk_test_simulator"
WEBHOOK_SECRET = "whsec_simulator"
# The simulator has no limits of requests.
UNLIMITED = Limits(account=10**9, endpoint=10**9)


class StripeSimulator:
    """Starts in the constructor and answers at `url`; `stop()` or leaving the block ends it."""

    def __init__(
        self,
        webhook_url: str | None = None,
        webhook_secret: str = WEBHOOK_SECRET,
        *,
        api_key: str = API_KEY,
        port: int = 0,
        retry_delays: Sequence[float] = (0.05, 0.1, 0.2),
        state: Path | None = None,
    ) -> None:
        command = [sys.executable, "-m", "infrastructure.stripe_simulator", "--port", str(port)]
        command += ["--api-key", api_key]
        if webhook_url is not None:
            command += ["--webhook-url", webhook_url, "--webhook-secret", webhook_secret]
        for delay in retry_delays:
            command += ["--retry-delay", str(delay)]
        if state is not None:
            command += ["--state", str(state)]
        self.api_key = api_key
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the simulator ended with {self._process.wait()}")
        self.url: str = json.loads(line)["url"]
        self._client = httpx.Client(
            verify=False, base_url=self.url, timeout=60, follow_redirects=False
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the process and wait for it; calling it twice does nothing more."""
        self._client.close()
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def pay(self, session_id: str, *, card: str | None = None) -> httpx.Response:
        """The customer presses Pay on the hosted page; 303 to the success URL."""
        form = {} if card is None else {"card": card}
        return self._client.post(f"/c/pay/{session_id}/pay", data=form)

    def press(self, session_id: str, verb: str) -> httpx.Response:
        """The customer presses a button of the page: pay, decline, authenticate or refuse."""
        return self._client.post(f"/c/pay/{session_id}/{verb}")

    def decline(self, session_id: str) -> httpx.Response:
        """The customer's card is declined; 303 back to the page."""
        return self._client.post(f"/c/pay/{session_id}/decline")

    def page(self, session_id: str) -> httpx.Response:
        """The hosted page as the customer sees it."""
        return self._client.get(f"/c/pay/{session_id}")

    def control(self, control: str, verb: str = "POST", /, **body: Any) -> Any:
        """One call of the control path, e.g. `control("faults", kind="lost", method="GET")`."""
        response = self._client.request(
            verb, f"/_control/{control}", json=body if verb == "POST" else None
        )
        if response.status_code != 200:
            raise AssertionError(f"control {control}: {response.text}")
        return response.json()

    def fault(self, kind: str, **fields: Any) -> None:
        """Arm a fault for the next API calls; see `infrastructure.stripe_simulator.faults`."""
        self.control("faults", kind=kind, **fields)

    def deliveries(self) -> list[dict[str, Any]]:
        """Every webhook delivery so far: event, type, state, outcome of each attempt."""
        found: list[dict[str, Any]] = self.control("deliveries", "GET")["data"]
        return found

    def requests(self) -> list[dict[str, Any]]:
        """Every API request so far: method, path, key, status, replayed, fault."""
        found: list[dict[str, Any]] = self.control("requests", "GET")["data"]
        return found

    def advance(self, seconds: int) -> None:
        """Move the account's clock forward; what falls due happens before this returns."""
        self.control("clock", seconds=seconds)
