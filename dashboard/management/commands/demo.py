"""Run the whole product on this machine against the sandbox cloud."""

import os
import signal
import socket
import subprocess
import sys
import time
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from dashboard.management import demo_data

HOST = "127.0.0.1"
PATIENCE = 10.0  # seconds for a part to start or to end


class Command(BaseCommand):
    help = "Runs the product against the sandbox cloud, all on loopback, until Ctrl-C."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *_args: Any, **options: Any) -> None:
        port, cloud = options["port"], free_port(0)
        if cloud is None or free_port(port) != port:
            raise CommandError(f"Port {port} is taken. Another will do: make demo PORT={port + 1}")
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        os.environ["DOWNLOAD_HOSTS"] = ",".join([f"{HOST}:{cloud}", *settings.DOWNLOAD_HOSTS])
        parts: list[subprocess.Popen[bytes]] = []
        try:
            self.run(parts, port, cloud)
        except KeyboardInterrupt:
            self.stdout.write("")
        finally:
            end(parts)

    def run(self, parts: list[subprocess.Popen[bytes]], port: int, cloud: int) -> None:

        call_command("migrate", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        large = ("--large-rows", str(demo_data.LARGE_ROWS), "--past-weeks", str(demo_data.WEEKS))
        parts.append(start("manage.py", "sandbox", "--port", str(cloud), *large, quiet=True))
        answers(cloud, parts[-1])
        demo_data.prepare_demo(f"http://{HOST}:{cloud}")
        if demo_data.has_no_reports():
            self.stdout.write("A year of weekly reports is being imported; this happens once ...")
            begun = time.monotonic()
            count = demo_data.import_demo_year(timezone.now())
            self.stdout.write(f"{count} reports imported in {time.monotonic() - begun:.0f} s.")
        bind = (
            "--bind",
            f"{HOST}:{port}",
            "--worker-class",
            "gthread",
            "--workers",
            "2",
            "--threads",
            "8",
        )
        parts.append(
            start(
                "-m",
                "gunicorn",
                "dashboard.wsgi",
                *bind,
                "--keep-alive",
                "75",
                "--log-level",
                "warning",
            )
        )
        parts.append(
            start("manage.py", "run_huey", "--workers", "4", "--max-delay", "1", "--quiet")
        )
        answers(port, parts[1])
        self.stdout.write(
            f"Compliance Ledger: http://{HOST}:{port}/  sign in as {demo_data.NAME} / {demo_data.PASSWORD}"
        )
        self.stdout.write("Ctrl-C ends it; the data stays in " + os.path.relpath(settings.VAR))
        while all(part.poll() is None for part in parts):
            time.sleep(0.5)
        raise CommandError("A part of the demo has ended; what it said stands above.")


def free_port(port: int) -> int | None:
    """The port if it is free (any free one for 0), None if it is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return None
        return int(probe.getsockname()[1])


def start(*command: str, quiet: bool = False) -> subprocess.Popen[bytes]:
    """A part of the demo, in a session of its own so that Ctrl-C reaches us first."""
    output = subprocess.DEVNULL if quiet else None
    return subprocess.Popen(
        [sys.executable, *command], cwd=settings.ROOT, stdout=output, start_new_session=True
    )


def answers(port: int, part: subprocess.Popen[bytes]) -> None:
    """Waits until somebody listens there."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and part.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return
        time.sleep(0.05)
    raise CommandError(f"Nothing listens on port {port}; what the part said stands above.")


def end(parts: list[subprocess.Popen[bytes]]) -> None:
    for part in reversed(parts):
        part.terminate()
    for part in parts:
        try:
            part.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            part.kill()
