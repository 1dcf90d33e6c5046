"""The web server: several processes of waitress, which share one port.

waitress takes a request whole before it gives it to a thread, so that a slow connection costs no
thread. Here every request has to arrive in time as well, and only who has a session sends files.
"""

import copy
import ctypes
import os
import signal
import socket
import sys
import time
from importlib import import_module
from typing import NoReturn

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.core.wsgi import get_wsgi_application
from django.db import DatabaseError, InterfaceError, connection
from django.http import parse_cookie
from django.urls import reverse
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.server import TcpWSGIServer
from waitress.task import ThreadedTaskDispatcher

from dashboard.database.schema import check_at_first_request
from dashboard.text.request_charset import read_as_utf8

HEAD_SECONDS = 20  # for the head of a request, and for a body as small as a form
SLOWEST_BODY = 16 * 1024  # bytes per second that a larger body has to bring
IDLE_SECONDS = 75  # a connection without a request, or whose reader takes no byte, is closed
CHECK_SECONDS = 5  # connections are checked so often
CONNECTION_LIMIT = 1000  # of one process
RESTART_SECONDS = 1  # before a process that died is replaced
_PR_SET_PDEATHSIG = 1


class TimedRequest(HTTPRequestParser):  # type: ignore[misc]
    """A request that knows since when it arrives and how large it may be."""

    def __init__(self, adj: Adjustments) -> None:
        super().__init__(adj)
        self.adjustments = adj
        self.started_at = time.monotonic()

    def parse_header(self, header_plus: bytes) -> None:
        """Parse the head; but for files to import, the body may be no larger than a form."""
        try:
            super().parse_header(header_plus)
        except ValueError as error:  # waitress would close the connection and log a traceback
            raise ParsingError("The head of the request is invalid") from error
        if not self.may_bring_files():
            adjustments = copy.copy(self.adjustments)
            adjustments.max_request_body_size = settings.FORM_LIMIT_BYTES
            self.adj = adjustments

    def may_bring_files(self) -> bool:
        """Return whether the body may be larger than a form: with a session, to the imports.

        The session is looked for only where it matters: the server waits for the database then.
        """
        is_large = self.chunked or self.content_length > settings.FORM_LIMIT_BYTES
        if not is_large or self.path != reverse("import-list"):
            return False
        return has_session(self.headers.get("COOKIE", ""))

    def is_late(self) -> bool:
        """Return whether it should have arrived by now, or should have brought more by now."""
        seconds: float = HEAD_SECONDS + self.body_bytes_received / SLOWEST_BODY
        return time.monotonic() - self.started_at > seconds


def has_session(cookies: str) -> bool:
    """Return whether cookies name a signed-in session; True while the database cannot tell."""
    key = parse_cookie(cookies).get(settings.SESSION_COOKIE_NAME)
    try:
        return SESSION_KEY in import_module(settings.SESSION_ENGINE).SessionStore(key)
    except (DatabaseError, InterfaceError):
        return True  # the page says what is wrong with it
    finally:
        connection.close()


class TimedChannel(HTTPChannel):  # type: ignore[misc]
    """A connection whose requests have to arrive in time."""

    parser_class = TimedRequest


class TimedServer(TcpWSGIServer):  # type: ignore[misc]
    """A server that closes the connections of late requests."""

    channel_class = TimedChannel

    def maintenance(self, now: float) -> None:
        """Close connections that are idle, late, or whose reader takes nothing any more."""
        super().maintenance(now)
        for channel in self.active_channels.values():
            is_stuck = channel.total_outbufs_len and now - channel.last_activity > IDLE_SECONDS
            if is_stuck or (channel.request and channel.request.is_late()):
                channel.will_close = True


def serve_site(host: str, port: int, processes: int, threads: int) -> None:
    """Serve the site until SIGTERM or Ctrl-C; replace a process that dies."""
    application = read_as_utf8(get_wsgi_application())
    check_at_first_request()
    listener = socket.create_server((host, port), family=_find_family(host), backlog=1024)
    listener.setblocking(False)
    signal.signal(signal.SIGTERM, _raise_system_exit)
    children: set[int] = set()
    try:
        while True:
            while len(children) < processes:
                children.add(_start_process(listener, application, threads))
            child, _status = os.wait()
            children.discard(child)
            time.sleep(RESTART_SECONDS)
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        for child in children:
            os.kill(child, signal.SIGTERM)
        for child in children:
            os.waitpid(child, 0)


def _find_family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _start_process(listener: socket.socket, application: object, threads: int) -> int:
    """Fork a process that serves requests; return its id."""
    parent = os.getpid()
    if child := os.fork():
        return child
    try:
        _end_with_parent(parent)
        _serve_requests(listener, application, threads)
    except (SystemExit, KeyboardInterrupt):
        pass
    finally:
        os._exit(0)


def _serve_requests(listener: socket.socket, application: object, threads: int) -> None:
    """Serve requests until SIGTERM; then requests under way may end within five seconds."""
    signal.signal(signal.SIGTERM, _raise_system_exit)
    adjustments = Adjustments(
        sockets=[listener],
        threads=threads,
        connection_limit=CONNECTION_LIMIT,
        channel_timeout=IDLE_SECONDS,
        cleanup_interval=CHECK_SECONDS,
        max_request_body_size=settings.UPLOAD_LIMIT_BYTES,
        asyncore_use_poll=True,
        # Django decides which headers of a proxy count (see the setting TLS).
        clear_untrusted_proxy_headers=False,
        ident="",
    )
    dispatcher = ThreadedTaskDispatcher()
    dispatcher.set_thread_count(threads)
    server = TimedServer(
        application,
        map={},
        _sock=listener,
        dispatcher=dispatcher,
        adj=adjustments,
        sockinfo=(listener.family, listener.type, listener.proto, listener.getsockname()),
        bind_socket=False,
    )
    server.run()


def _raise_system_exit(*_signal_and_frame: object) -> NoReturn:
    sys.exit(0)


def _end_with_parent(parent: int) -> None:
    """Let the kernel end this process when its parent ends (on Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # the parent had already ended
        os._exit(0)
