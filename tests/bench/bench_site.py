"""The installation that is measured: its data, its files and its web servers."""

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

from dashboard.management.commands.demo import find_free_port, stop_processes, wait_for_port
from dashboard.models import Account, Pack
from tests.bench import floor_page, generated_rows
from tests.bench.site_client import BENCH_PASSWORD, BENCH_USERNAME, open_site_client
from tests.bench.timers import JobResult, run_job

FIRST_DAY = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
Headers = Mapping[str, str]
NO_HEADERS: Headers = {}


class BenchSite:
    """An installation in a new folder. `quick` makes all sizes smaller."""

    def __init__(self, folder: Path, quick: bool) -> None:
        self.folder = folder
        self.quick = quick
        self.servers: list[BenchServer] = []
        self.request_count = 40 if quick else 200
        call_command("migrate", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        floor_page.create_floor_rows()
        self.user = User.objects.create_superuser(BENCH_USERNAME, password=BENCH_PASSWORD)
        self.account = Account.objects.create(
            name="Production", uid=generated_rows.BENCH_ACCOUNT_UID
        )

    def scale_size(self, full_size: int) -> int:
        return full_size // 20 if self.quick else full_size

    def get_or_create_pack(self, name: str) -> Pack:
        return Pack.objects.get_or_create(
            account=self.account, pack_id=f"cp-{name}", defaults={"name": name}
        )[0]

    def get_xls_file(self, row_count: int, step: int = 0) -> Path:
        """Return a file with a header and `row_count` rows, written at the first call."""
        path = self.folder / f"rows-{row_count}-{step}.xls"
        return path if path.exists() else generated_rows.write_xls_file(path, row_count, step)

    def get_xlsx_file(self, row_count: int, step: int = 0) -> Path:
        """Return a file with a header and `row_count` rows, written at the first call."""
        path = self.folder / f"rows-{row_count}-{step}.xlsx"
        return path if path.exists() else generated_rows.write_xlsx_file(path, row_count, step)

    def store_file_as_report(
        self, file: Path, pack: Pack, day: int, read_before: bool = False
    ) -> JobResult:
        """Make a ready report from the file in a fresh worker process.

        The details are the report's id, its rows, statements and longest transaction.
        `read_before` excludes the reading of the file from the time.
        """
        options = ["read before"] if read_before else []
        report_time = self.compute_report_time(day)
        return run_job("store-file-as-report", file, pack.pk, report_time, *options)

    def compute_report_time(self, day: int) -> str:
        """Return the time at which the cloud creates a report, a number of days after the first."""
        return (FIRST_DAY + dt.timedelta(days=day)).isoformat()

    @cached_property
    def large_report_id(self) -> int:
        """The id of a report with 65,535 rows."""
        file = self.get_xls_file(self.scale_size(65_535))
        return int(
            self.store_file_as_report(file, self.get_or_create_pack("large"), 0).details["report"]
        )

    @cached_property
    def server(self) -> "BenchServer":
        return self.start_server()

    @cached_property
    def uncached_server(self) -> "BenchServer":
        """A server without a cache: each view of a page costs as much as the first one."""
        return self.start_server(BENCH_NO_CACHE="1")

    def start_server(self, **environment: str) -> "BenchServer":
        server = BenchServer(**environment)
        self.servers.append(server)
        return server

    def close(self) -> None:
        for server in self.servers:
            server.close()


class BenchServer:
    """The web server as the demo starts it, with one client that has signed in."""

    def __init__(self, **environment: str) -> None:
        self.port = port = find_free_port()
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "serve", "--port", str(port)],
            cwd=settings.ROOT,
            start_new_session=True,
            env={**os.environ, **environment},
        )
        wait_for_port(port, self.process)
        self.client = open_site_client(port)

    def get(self, path: str, headers: Headers = NO_HEADERS) -> httpx.Response:
        response = self.client.get(path, headers=headers)
        if response.status_code != 200:
            raise SystemExit(f"{path} answered {response.status_code}")
        return response

    def time_request(self, path: str, headers: Headers = NO_HEADERS) -> float:
        """Return the seconds from the request to the last byte of the answer."""
        started_at = time.perf_counter()
        self.get(path, headers)
        return time.perf_counter() - started_at

    def list_worker_pids(self) -> list[int]:
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
        return [int(child) for child in children.split()]

    def close(self) -> None:
        self.client.close()
        stop_processes([self.process])
