"""Stands in for curl on a machine that has none: the options that the documents use, no more.

An option it does not know ends it with an error, so that a document cannot lean on a guess.
"""

import http.client
import http.cookiejar
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
    url, method, body, fails = "", "", None, False
    files: dict[str, Path] = {}
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
            case "-o" | "-D" | "-b" | "-c":
                files[argument] = Path(next(rest))
            case _ if argument.startswith("http"):
                url = argument
            case _:
                print(f"curl stand-in: {argument} is unknown", file=sys.stderr)
                return 2
    cookies = http.cookiejar.MozillaCookieJar()
    if "-b" in files:
        cookies.load(str(files["-b"]), ignore_discard=True)
    request = urllib.request.Request(url, data=body, headers=headers, method=method or None)
    status, head, content = _ask(request, cookies)
    if "-c" in files:
        cookies.save(str(files["-c"]), ignore_discard=True)
    if "-D" in files:
        lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in head.items())]
        files["-D"].write_text("\r\n".join([*lines, "", ""]), "utf-8", newline="")
    if "-o" in files:
        files["-o"].write_bytes(content)
    else:
        sys.stdout.buffer.write(content)
    return 22 if fails and status >= 400 else 0


def _ask(
    request: urllib.request.Request, cookies: http.cookiejar.CookieJar
) -> tuple[int, http.client.HTTPMessage, bytes]:
    opener = urllib.request.build_opener(_StayHere, urllib.request.HTTPCookieProcessor(cookies))
    try:
        with opener.open(request, timeout=30) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
