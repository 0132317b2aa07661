"""Stands in for curl on a machine that has none: the options that the documents use, no more.

An option it does not know ends it with an error, so that a document cannot lean on a guess.
"""

import sys
import urllib.error
import urllib.request
from pathlib import Path


class _StayHere(urllib.request.HTTPRedirectHandler):
    """curl follows a redirect only when asked to."""

    def redirect_request(self, *args: object, **kwargs: object) -> None:
        return None


def main(arguments: list[str]) -> int:
    """The exit status: 0, 22 for a refused request with --fail-with-body, 2 for misuse."""
    url, method, body, output, fails = "", "", None, None, False
    headers: dict[str, str] = {}
    rest = iter(arguments)
    for argument in rest:
        match argument:
            case "-sS":
                pass
            case "--fail-with-body":
                fails = True
            case "-X":
                method = next(rest)
            case "-H":
                name, _, value = next(rest).partition(":")
                headers[name.strip()] = value.strip()
            case "-d":
                body = next(rest).encode()
            case "-o":
                output = next(rest)
            case _ if argument.startswith("http"):
                url = argument
            case _:
                print(f"curl stand-in: {argument} is unknown", file=sys.stderr)
                return 2
    request = urllib.request.Request(url, data=body, headers=headers, method=method or None)
    status, content = _ask(request)
    if output is None:
        sys.stdout.buffer.write(content)
    else:
        Path(output).write_bytes(content)
    return 22 if fails and status >= 400 else 0


def _ask(request: urllib.request.Request) -> tuple[int, bytes]:
    opener = urllib.request.build_opener(_StayHere)
    try:
        with opener.open(request, timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
