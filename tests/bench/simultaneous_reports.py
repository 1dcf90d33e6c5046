"""Two hundred reports at once: the demo's worker, a sandbox that throttles, and real files."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from django.conf import settings

from dashboard.generation import discovery, requests
from dashboard.management.commands.demo import find_free_port, stop_processes, wait_for_port
from dashboard.models import Account, Pack, Report
from dashboard.sandbox.accounts import build_many_accounts
from dashboard.workbook.reader_server import end_with_parent
from tests.bench.bench_site import BenchSite
from tests.bench.measurements import Measurement
from tests.bench.timers import run_job

ACCOUNT_COUNT, PACKS_PER_ACCOUNT, ROWS_PER_REPORT = 8, 25, 300
GENERATION_SECONDS = 20.0  # the time that the sandbox takes to generate a report
DEADLINE_SECONDS = 600.0
WORKER = ("run_huey", "--workers", "4", "--max-delay", "1", "--quiet")


def measure(site: BenchSite) -> Iterator[Measurement]:
    cloud = f"127.0.0.1:{find_free_port()}"
    settings.ENDPOINT_HOSTS = [cloud]
    with start_sandbox(cloud, site.scale_size(PACKS_PER_ACCOUNT)):
        packs = [
            pack for account in create_sandbox_accounts(cloud) for pack in account.packs.in_cloud()
        ]
        with start_manage_command(*WORKER, DOWNLOAD_HOSTS=cloud, ENDPOINT_HOSTS=cloud):
            time.sleep(3)  # until the worker has started
            time_of_one = time_reports(packs[:1])
            time_of_all = time_reports(packs)
        calls = fetch_calls(cloud)
    reports = [pack.reports.newest_first()[0] for pack in packs]
    unready = sum(report.state != Report.State.READY for report in reports)
    yield Measurement(f"{len(packs)} reports at once, one worker: not ready", unready, 0, "")
    note = f"{len(calls)} calls"
    yield Measurement("  calls beyond the assumed limits", count_throttled(calls), 0, "", note)
    files = [settings.MEDIA_ROOT / report.original.path for report in reports if report.original]
    bare_reading = run_job("read-with-xlrd", *files).seconds
    label = "  total / (2 x one + bare reading)"
    note = (
        f"{time_of_all:.0f} s; one takes {time_of_one:.1f} s, the bare reading {bare_reading:.1f} s"
    )
    yield Measurement(label, time_of_all / (2 * time_of_one + bare_reading), 1.0, note=note)


def fetch_calls(cloud: str) -> list[dict[str, Any]]:
    """Return the calls that a sandbox has received, with the code of each error."""
    calls: list[dict[str, Any]] = json.loads(httpx.get(f"http://{cloud}/-/calls").content)["calls"]
    return calls


def count_throttled(calls: list[dict[str, Any]]) -> int:
    """Return how many calls the sandbox refused because there were too many of them."""
    return sum(call["code"].startswith("Throttling") for call in calls)


@contextmanager
def start_sandbox(
    cloud: str,
    packs_per_account: int,
    account_count: int = ACCOUNT_COUNT,
    rows_per_report: int = ROWS_PER_REPORT,
) -> Iterator["subprocess.Popen[bytes]"]:
    """Start a sandbox with many accounts and with the cloud's limits on calls."""
    port = cloud.partition(":")[2]
    sizes = (account_count, packs_per_account, rows_per_report)
    options = ("--port", port, "--many", *map(str, sizes))
    options += ("--generation-seconds", str(GENERATION_SECONDS), "--limits")
    with start_manage_command("sandbox", *options) as process:
        wait_for_port(int(port), process)
        yield process


@contextmanager
def start_manage_command(
    *command: str, error_log: Path | None = None, **environment: str
) -> Iterator["subprocess.Popen[bytes]"]:
    """Start a command of manage.py and end it after the `with` block.

    Its standard error goes into the file `error_log`, or to that of this process.
    """
    with ExitStack() as stack:
        process = subprocess.Popen(
            [sys.executable, "manage.py", *command],
            cwd=settings.ROOT,
            env={**os.environ, **environment},
            stdout=subprocess.DEVNULL,
            stderr=stack.enter_context(error_log.open("wb")) if error_log else None,
            start_new_session=True,
            preexec_fn=partial(end_with_parent, os.getpid(), signal.SIGTERM),
        )
        stack.callback(stop_processes, [process])
        yield process


def create_sandbox_accounts(cloud: str, count: int = ACCOUNT_COUNT) -> list[Account]:
    """Create the accounts of the sandbox with their packs."""
    accounts = []
    for known in build_many_accounts(count):
        account = Account(uid=known.uid, name=known.name, access_key_id=known.access_key_id)
        account.endpoint, account.secret = f"http://{cloud}", known.access_key_secret
        account.save()
        discovery.refresh_packs(account)
        accounts.append(account)
    return accounts


def time_reports(packs: list[Pack]) -> float:
    """Return the seconds from the first request to the end of the last report."""
    reports = [requests.request_report(pack, user=None) for pack in packs]
    deadline = time.monotonic() + DEADLINE_SECONDS
    requested = Report.objects.filter(pk__in=[report.pk for report in reports])
    while requested.under_way().exists() and time.monotonic() < deadline:
        time.sleep(0.25)
    end_times = [report.ended_at for report in requested if report.ended_at]
    return (max(end_times) - reports[0].requested_at).total_seconds()
