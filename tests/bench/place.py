"""An installation of its own: data, people, packs, and the server as the demo starts it."""

import datetime as dt
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import httpx
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command

from dashboard.management.commands.demo import answers, end, free_port
from dashboard.models import Account, Pack
from tests.bench import floor, rows
from tests.bench.timing import Job, alone

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
NAME = PASSWORD = "bench"
Headers = Mapping[str, str]
NONE: Headers = {}


class Place:
    """Where everything is measured. `quick` takes smaller sizes, for whoever works on the measurements."""

    def __init__(self, folder: Path, quick: bool) -> None:
        self.folder = folder
        self.quick = quick
        self.servers: list[Server] = []
        self.requests = 40 if quick else 200
        call_command("migrate", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        floor.prepare()
        self.user = User.objects.create_superuser(NAME, password=PASSWORD)
        self.account = Account.objects.create(name="Production", uid=rows.OWNER)

    def size(self, full: int) -> int:
        return full // 20 if self.quick else full

    def pack(self, name: str) -> Pack:
        return Pack.objects.get_or_create(
            account=self.account, pack_id=f"cp-{name}", defaults={"name": name}
        )[0]

    def xls(self, number: int, step: int = 0) -> Path:
        """A file of so many rows below its head; written once."""
        path = self.folder / f"rows-{number}-{step}.xls"
        return path if path.exists() else rows.write_xls(path, number, step)

    def xlsx(self, number: int, step: int = 0) -> Path:
        path = self.folder / f"rows-{number}-{step}.xlsx"
        return path if path.exists() else rows.write_xlsx(path, number, step)

    def ready(self, file: Path, pack: Pack, day: int, read_before: bool = False) -> Job:
        """Has the file of a day made a ready report of the pack, by a fresh worker; tells report, rows and locks.

        `read_before` leaves the reading out of the time.
        """
        moment = (START + dt.timedelta(days=day)).isoformat()
        return alone("ready", file, pack.pk, moment, *["read before"] * read_before)

    @cached_property
    def large(self) -> int:
        """The id of a report of 65,535 rows."""
        return int(self.ready(self.xls(self.size(65_535)), self.pack("large"), 0).told["report"])

    @cached_property
    def server(self) -> "Server":
        return self.started(Server())

    @cached_property
    def forgetful(self) -> "Server":
        """A server that keeps nothing in a cache: each of its answers is a first view."""
        return self.started(Server(KEEP_NOTHING="1"))

    def started(self, server: "Server") -> "Server":
        self.servers.append(server)
        return server

    def close(self) -> None:
        for server in self.servers:
            server.close()


class Server:
    """gunicorn as the demo starts it, and one browser that is signed in."""

    def __init__(self, **environment: str) -> None:
        port = free_port(0)
        bind = (
            "--bind",
            f"127.0.0.1:{port}",
            "--worker-class",
            "gthread",
            "--workers",
            "2",
            "--threads",
            "8",
        )
        command = (sys.executable, "-m", "gunicorn", "dashboard.wsgi", *bind, "--keep-alive", "75")
        self.process = subprocess.Popen(
            [*command, "--log-level", "warning"],
            cwd=settings.ROOT,
            start_new_session=True,
            env={**os.environ, **environment},
        )
        answers(port or 0, self.process)
        self.browser = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60)
        self.sign_in()

    def sign_in(self) -> None:
        self.browser.get("/accounts/login/")
        token = self.browser.cookies["csrftoken"]
        form = {"username": NAME, "password": PASSWORD, "csrfmiddlewaretoken": token}
        if self.browser.post("/accounts/login/", data=form).status_code != 302:
            raise SystemExit("the sign-in was refused")

    def get(self, path: str, headers: Headers = NONE) -> httpx.Response:
        response = self.browser.get(path, headers=headers)
        if response.status_code != 200:
            raise SystemExit(f"{path} answered {response.status_code}")
        return response

    def took(self, path: str, headers: Headers = NONE) -> float:
        """Seconds from the request to the last byte."""
        begun = time.perf_counter()
        self.get(path, headers)
        return time.perf_counter() - begun

    def pids(self) -> list[int]:
        """gunicorn's workers."""
        pid = self.process.pid
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def close(self) -> None:
        self.browser.close()
        end([self.process])
