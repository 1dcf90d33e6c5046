"""Connections to the cloud on which each operation is bounded by the time limit of the call.

httpx limits the time of a single read only, so a server that sends one byte a second would keep a
call busy for ever. Therefore every read and write of a connection is bounded here, whether it
belongs to the connect, the head or the body of an answer.
"""

import ipaddress
import socket
import ssl
import threading
import time
import urllib.request
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, TypeVar

import httpcore
import httpx

from dashboard.cloud.errors import CloudError
from dashboard.cloud.time_limit import TimeLimit

# Requests to this machine (the sandbox) bypass the proxies that the environment may name.
LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")
CHECK_SECONDS = 0.5  # how often a waiting call asks whether it must end

Result = TypeVar("Result")


class LimitedTransport(httpx.HTTPTransport):
    """The transport of httpx, with connections that keep the time limit.

    `proxy` is the URL of a proxy. Raise CloudError (ConnectionFailed) if it is no such URL.
    """

    def __init__(
        self, time_limit: TimeLimit, certificates: ssl.SSLContext, proxy: str | None
    ) -> None:
        try:
            super().__init__(verify=certificates, proxy=proxy, trust_env=False)
        except (ValueError, ImportError, httpx.InvalidURL):
            # `from None`: the address of a proxy may contain a password.
            raise CloudError(
                "ConnectionFailed", "the proxy of the environment cannot be used"
            ) from None
        # httpx has no parameter for this; httpcore, below it, has one.
        self._pool._network_backend = LimitedBackend(time_limit)


class LimitedBackend(httpcore.NetworkBackend):
    """Open connections within the time limit."""

    def __init__(self, time_limit: TimeLimit) -> None:
        self._time_limit = time_limit
        self._backend = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002  # the time limit is shorter
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to one of the host's addresses; share the time left between those untried."""
        addresses = resolve_host(host, port, self._time_limit)
        for number, address in enumerate(addresses):
            seconds = self._time_limit.require_time() / (len(addresses) - number)
            connect = partial(
                self._backend.connect_tcp, address, port, seconds, local_address, socket_options
            )
            try:
                stream = run_within_limit(connect, self._time_limit)
            except httpcore.ConnectError as error:
                last_error = error
            else:
                return LimitedStream(stream, self._time_limit)
        raise last_error


class LimitedStream(httpcore.NetworkStream):
    """A connection whose reads and writes end with the time limit."""

    def __init__(self, stream: httpcore.NetworkStream, time_limit: TimeLimit) -> None:
        self._stream = stream
        self._time_limit = time_limit

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Wait for bytes in short turns, so that a call that must end does so soon."""
        wait_end = time.monotonic() + (timeout or float("inf"))
        while True:
            seconds = min(self._time_limit.require_time(), CHECK_SECONDS)
            try:
                return self._stream.read(max_bytes, seconds)
            except httpcore.ReadTimeout:
                if time.monotonic() >= wait_end:
                    raise

    def write(
        self,
        buffer: bytes,
        timeout: float | None = None,  # noqa: ARG002  # the time limit is shorter
    ) -> None:
        self._stream.write(buffer, self._time_limit.require_time())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002  # the time limit is shorter
    ) -> httpcore.NetworkStream:
        seconds = self._time_limit.require_time()
        start_tls = partial(self._stream.start_tls, ssl_context, server_hostname, seconds)
        stream = run_within_limit(start_tls, self._time_limit)
        return LimitedStream(stream, self._time_limit)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def resolve_host(host: str, port: int, time_limit: TimeLimit) -> list[str]:
    """Return the IP addresses of a host; the system's look-up knows no time limit of its own."""
    if is_ip_address(host):
        return [host]
    entries = run_within_limit(
        lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM), time_limit
    )
    return list(dict.fromkeys(str(entry[4][0]) for entry in entries))


def run_within_limit(function: Callable[[], Result], time_limit: TimeLimit) -> Result:
    """Run a function that may block for long in a thread, and return its result.

    If the time is up before, or the call must end, leave the thread behind: it holds nothing but a
    connection that no call uses. Raise httpcore.ConnectError if the function fails.
    """
    results: list[Result] = []
    errors: list[Exception] = []

    def run() -> None:
        try:
            results.append(function())
        except (OSError, UnicodeError, httpcore.NetworkError, httpcore.TimeoutException) as error:
            errors.append(error)  # UnicodeError: a host name with an empty label

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(min(time_limit.require_time(), CHECK_SECONDS))
    if not results:
        raise httpcore.ConnectError(str(errors[0]) if errors else "no connection")
    return results[0]


def is_ip_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def find_proxy(address: httpx.URL) -> str | None:
    """Return the proxy that the environment names for an address; None if it names none."""
    if address.host in LOOPBACK_HOSTS or urllib.request.proxy_bypass(address.netloc.decode()):
        return None
    proxies = urllib.request.getproxies()
    proxy = proxies.get(address.scheme) or proxies.get("all")
    return f"http://{proxy}" if proxy and "://" not in proxy else proxy
