"""Measure how long others wait while many connections send their requests byte by byte.

Against a running site: first nothing else happens, then the connections send slow heads, then slow
bodies of the sign-in form. Each sends one byte a second and is opened again when the site closes
it. The exit code is 1 if a page did not come.
"""

import argparse
import socket
import ssl
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import SplitResult, urlsplit

import httpx

BYTE_SECONDS = 1.0  # from one byte to the next
VIEW_PAUSE = 0.2  # seconds from one page to the next
HEAD = "{method} {path} HTTP/1.1\r\nHost: {host}\r\n"
FIRST_BYTES = {
    "slow heads": HEAD.replace("{method}", "GET") + "X-Slow: ",
    "slow bodies": HEAD.replace("{method}", "POST")
    + "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 10000\r\n\r\n",
}
# The certificate of the site is not checked: in a measurement it may be anybody's.
TLS_CONTEXT = ssl.create_default_context()
TLS_CONTEXT.check_hostname, TLS_CONTEXT.verify_mode = False, ssl.CERT_NONE


class SlowConnection:
    """A connection that sends one byte at a time, and is opened again when the site closes it.

    `lifetimes` are the seconds from its opening to its end, each time.
    """

    def __init__(self, url: SplitResult, host: str, kind: str) -> None:
        self.url = url
        self.first_bytes = FIRST_BYTES[kind].format(path=url.path, host=host).encode()
        self.socket: socket.socket | None = None
        self.opened_at = 0.0
        self.lifetimes: list[float] = []

    def send_byte(self) -> None:
        """Send the next byte, or open the connection again if the site has closed it."""
        try:
            if self.socket is None:
                self.socket, self.opened_at = open_socket(self.url), time.monotonic()
                self.socket.sendall(self.first_bytes)
                self.socket.setblocking(False)
            self.socket.send(b"x")
            if self.socket.recv(65_536):  # an answer before the end of the request
                return
            self._note_end()
        except (BlockingIOError, ssl.SSLWantReadError):  # no answer, as long as it is open
            return
        except OSError:
            self._note_end()

    def close(self) -> None:
        if self.socket:
            self.socket.close()

    def _note_end(self) -> None:
        if self.socket:
            self.lifetimes.append(time.monotonic() - self.opened_at)
        self.close()
        self.socket = None


def open_socket(url: SplitResult) -> socket.socket:
    """Return a new connection to the site."""
    port = url.port or {"http": 80, "https": 443}[url.scheme]
    connection = socket.create_connection((url.hostname or "", port), timeout=20)
    if url.scheme == "http":
        return connection
    return TLS_CONTEXT.wrap_socket(connection)


@contextmanager
def keep_connections(
    url: SplitResult, host: str, kind: str, count: int
) -> Iterator[list[SlowConnection]]:
    """Let the connections send bytes in a thread until the `with` block ends."""
    connections = [SlowConnection(url, host, kind) for _number in range(count)]
    stopped = threading.Event()

    def send_bytes() -> None:
        while not stopped.wait(BYTE_SECONDS):
            for connection in connections:
                connection.send_byte()

    thread = threading.Thread(target=send_bytes)
    thread.start()
    try:
        yield connections
    finally:
        stopped.set()
        thread.join()
        for connection in connections:
            connection.close()


def time_pages(url: SplitResult, host: str, seconds: float) -> tuple[list[float], int]:
    """Load a page again and again, each time over a new connection.

    Return the times of the answers, and how many were missing or wrong.
    """
    times, missing = [], 0
    ends_at = time.monotonic() + seconds
    while (started_at := time.monotonic()) < ends_at:
        status = 0
        with suppress(httpx.HTTPError):
            status = httpx.get(
                url.geturl(), headers={"Host": host}, verify=TLS_CONTEXT, timeout=60
            ).status_code
        missing += status != 200
        times.append(time.monotonic() - started_at)
        time.sleep(VIEW_PAUSE)
    return times, missing


def format_times(times: list[float]) -> str:
    """Return the median, the 95th percentile and the maximum in milliseconds."""
    ordered = sorted(times)
    picked = (ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.95)], ordered[-1])
    return "".join(f"{1000 * value:>10,.0f}" for value in picked)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.slow_connections", description=__doc__
    )
    parser.add_argument("url", help="a page that needs no sign-in")
    parser.add_argument("--host", help="the name of the site, if the URL has another")
    parser.add_argument("--connections", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=60.0, help="of each of the three parts")
    options = parser.parse_args()
    url = urlsplit(options.url)
    host = options.host or url.netloc
    write_line(f"{'ms':<14}{'pages':>7}{'missing':>9}{'p50':>10}{'p95':>10}{'max':>10}")
    all_missing = 0
    for kind in ("nothing else", *FIRST_BYTES):
        count = 0 if kind == "nothing else" else options.connections
        with keep_connections(url, host, kind if count else "slow heads", count) as connections:
            times, missing = time_pages(url, host, options.seconds)
        all_missing += missing
        lifetimes = [seconds for each in connections for seconds in each.lifetimes]
        closed = f"  closed {len(lifetimes)}" + (
            f" after {min(lifetimes):.0f} to {max(lifetimes):.0f} s" if lifetimes else ""
        )
        write_line(f"{kind:<14}{len(times):>7}{missing:>9}{format_times(times)}{closed}")
    sys.exit(bool(all_missing))


def write_line(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
