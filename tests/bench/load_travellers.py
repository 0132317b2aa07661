"""The travellers of `bench load`, as users of locust: search, book, pay, with time to think.

A process of its own, since locust replaces Python's sockets and threads.
`python -m tests.bench.load_travellers` reads a plan from standard input, writes its progress to
standard error and prints the result as JSON. It stops by itself.
"""

from locust import FastHttpUser, LoadTestShape, between  # isort: skip  # first: it replaces sockets

import itertools
import json
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import gevent
import msgspec
from locust.env import Environment
from locust.exception import RescheduleTask
from locust.stats import StatsEntry

from tests.bench.load_plan import TOTAL, LoadTestPlan, LoadTestResult, Step, users_at

# A token is used for less than its fifteen minutes.
TOKEN_SECONDS = 600.0
SIGN_IN, PAGE = "sign in", "Stripe's page"
# Shown, but no part of the figures for all steps: a password is slow to check on purpose, and the
# page belongs to Stripe.
NOT_COUNTED = frozenset({SIGN_IN, PAGE})
SPAWNED_A_SECOND = 100
STOP_SECONDS = 30


class Traveller(FastHttpUser):
    """One customer, who starts again with the search after each step that failed."""

    abstract = True
    plan: LoadTestPlan
    numbers: Iterator[int]
    network_timeout = 30.0

    def on_start(self) -> None:
        """Choose a web process and an account."""
        number = next(self.numbers)
        port = self.plan.ports[number % len(self.plan.ports)]
        self.address = f"http://127.0.0.1:{port}"
        self.email = self.plan.accounts[number % len(self.plan.accounts)]
        tokens = self.plan.tokens
        self.token = tokens[number % len(tokens)] if tokens else ""
        self.signed_in_at = time.monotonic()

    def search(self) -> list[str]:
        """Return the flights of the day that have a seat."""
        body = {"from": "RUH", "to": "JED", "date": self.plan.day, "passengers": 1}
        found = self._post("search", "/api/flights/search", body)
        return [flight["id"] for flight in found["flights"]]

    def travel(self) -> None:
        """Search, book a flight of the answer, pay for it."""
        flights = self.search()
        if not flights:
            raise RescheduleTask
        self.wait()
        wanted = {"flightIds": [secrets.choice(flights)], "passengers": [{"type": "ADT"}]}
        quote = self._post("quote", "/api/quotes", wanted)
        person = {"firstName": "Noura", "lastName": "Traveller", "type": "ADT"}
        body = {
            "quoteId": quote["quoteId"],
            "passengers": [person],
            "contact": {"email": "noura@example.com"},
        }
        booking = self._post("book", "/api/bookings", body, headers=self._signed())
        self.wait()
        path = f"/api/bookings/{booking['id']}/checkout"
        session = self._post("check out", path, {}, headers=self._signed())
        self._press(session["checkoutUrl"])

    def _press(self, page: str) -> None:
        """Pay on Stripe's page, which is not part of what is measured."""
        with self.client.post(
            f"{page}/pay", name=PAGE, allow_redirects=False, catch_response=True
        ) as answer:
            if answer.status_code == 303:
                answer.success()
            else:
                answer.failure(f"{answer.status_code}")

    def _signed(self) -> dict[str, str]:
        if time.monotonic() - self.signed_in_at > TOKEN_SECONDS or not self.token:
            account = {"email": self.email, "password": self.plan.password}
            self.token = self._post(SIGN_IN, "/api/auth/mobile-login", account)["accessToken"]
            self.signed_in_at = time.monotonic()
        return {
            "Authorization": f"Bearer {self.token}",
            "Idempotency-Key": secrets.token_hex(12),
        }

    def _post(
        self, name: str, path: str, body: Any, headers: dict[str, str] | None = None
    ) -> dict[str, Any]:
        with self._answer(name, path, body, headers or {}) as answer:
            if answer.status_code in {200, 201}:
                answer.success()
                found: dict[str, Any] = answer.json()
                return found
            answer.failure(_code(answer))
            raise RescheduleTask

    @contextmanager
    def _answer(self, name: str, path: str, body: Any, headers: dict[str, str]) -> Iterator[Any]:
        sent = {"Accept-Language": "en", **headers}
        with self.client.post(
            f"{self.address}{path}", name=name, json=body, headers=sent, catch_response=True
        ) as answer:
            yield answer


def _code(answer: Any) -> str:
    """Return the code of the error, or the status where the answer is none of the API."""
    try:
        return f"{answer.status_code} {answer.json()['code']}"
    except (ValueError, TypeError, KeyError, AttributeError):
        return f"{answer.status_code or 'no answer'}"


def run(plan: LoadTestPlan) -> LoadTestResult:
    """Run the plan in this process."""

    class Planned(Traveller):
        host = f"http://127.0.0.1:{plan.ports[0]}"
        wait_time = between(*plan.think_seconds)
        tasks = (Traveller.search if plan.search_only else Traveller.travel,)

    class Shape(LoadTestShape):
        def tick(self) -> tuple[int, float] | None:
            users = users_at(plan.stages, self.get_run_time())
            return None if users is None else (users, SPAWNED_A_SECOND)

    Planned.plan, Planned.numbers = plan, itertools.count()
    environment = Environment(
        user_classes=[Planned], shape_class=Shape(), stop_timeout=STOP_SECONDS, reset_stats=False
    )
    environment.stats.use_response_times_cache = True
    runner = environment.create_local_runner()
    environment.stats.total.use_response_times_cache = True
    runner.start_shape()
    progress = gevent.spawn(_progress, environment, plan.progress_seconds)
    runner.shape_greenlet.join()
    progress.kill()
    runner.quit()
    return result_of(environment)


def _progress(environment: Any, seconds: float) -> None:
    began = time.monotonic()
    while True:
        gevent.sleep(seconds)
        total = environment.stats.total
        p95 = total.get_current_response_time_percentile(0.95) or 0
        print(
            f"{time.monotonic() - began:6.0f} s  {environment.runner.user_count:5} users  "
            f"{total.current_rps:8,.1f}/s  p95 {p95:6,.0f} ms  "
            f"{total.num_requests:9,} requests  {total.num_failures:6,} failed",
            file=sys.stderr,
            flush=True,
        )


def result_of(environment: Any) -> LoadTestResult:
    """Return what locust counted."""
    stats = environment.stats
    entries = sorted(stats.entries.values(), key=lambda entry: -entry.num_requests)
    errors = {f"{each.name}: {each.error}": each.occurrences for each in stats.errors.values()}
    together = StatsEntry(stats, TOTAL, "")
    for entry in entries:
        if entry.name not in NOT_COUNTED:
            together.extend(entry)
    steps = [_step(entry.name, entry) for entry in entries]
    return LoadTestResult(steps=[*steps, _step(TOTAL, together)], errors=errors)


def _step(name: str, entry: StatsEntry) -> Step:
    percentile: Callable[[float], float] = entry.get_response_time_percentile
    return Step(
        name=name,
        requests=entry.num_requests,
        failures=entry.num_failures,
        p50_ms=percentile(0.5),
        p95_ms=percentile(0.95),
        p99_ms=percentile(0.99),
        rate=round(entry.total_rps, 1),
    )


def main() -> None:
    """Read the plan, run it, print the result."""
    plan = msgspec.json.decode(sys.stdin.buffer.read(), type=LoadTestPlan)
    print(json.dumps(msgspec.to_builtins(run(plan))))


if __name__ == "__main__":
    main()
