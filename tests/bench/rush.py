"""One worker and two hundred reports at once: the demo's worker, a sandbox that throttles, real files."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from django.conf import settings

from dashboard import tasks
from dashboard.generation import discovery, requests
from dashboard.management.commands.demo import answers, end, free_port
from dashboard.models import Account, Pack, Report
from dashboard.sandbox.accounts import build_many_accounts
from tests.bench.figures import Figure
from tests.bench.place import Place
from tests.bench.timing import alone

ACCOUNTS, PACKS, ROWS = 8, 25, 300
GENERATION = 20.0  # seconds that the cloud takes to make a report
PATIENCE = 600.0


def measure(place: Place) -> Iterator[Figure]:
    each = place.size(PACKS)
    port = free_port(0)
    many = (
        "--many",
        str(ACCOUNTS),
        str(each),
        str(ROWS),
        "--generation-seconds",
        str(GENERATION),
        "--limits",
    )
    with running("sandbox", "--port", str(port), *many) as sandbox:
        answers(port or 0, sandbox)
        found = [
            pack for account in accounts(f"127.0.0.1:{port}") for pack in account.packs.in_cloud()
        ]
        with running(
            "run_huey",
            "--workers",
            "4",
            "--max-delay",
            "1",
            "--quiet",
            DOWNLOAD_HOSTS=f"127.0.0.1:{port}",
        ):
            time.sleep(3)  # a worker that has started
            alone_took = made(found[:1])
            took = made(found)
        calls = json.loads(httpx.get(f"http://127.0.0.1:{port}/-/calls").content)["calls"]
    latest = [pack.reports.newest_first()[0] for pack in found]
    unready = sum(report.state != Report.State.READY for report in latest)
    yield Figure(f"{len(found)} reports at once, one worker: not ready", unready, 0, "")
    throttled = sum(call["code"].startswith("Throttling") for call in calls)
    yield Figure("  calls beyond the assumed limits", throttled, 0, "", f"{len(calls)} calls")
    files = [settings.MEDIA_ROOT / report.original.path for report in latest if report.original]
    reading = alone("xlrd", *files).seconds
    note = f"{took:.0f} s; one takes {alone_took:.1f} s, the bare reading {reading:.1f} s"
    yield Figure(
        "  total / (2 x one + bare reading)", took / (2 * alone_took + reading), 1.0, note=note
    )


@contextmanager
def running(*command: str, **environment: str) -> Iterator["subprocess.Popen[bytes]"]:
    part = subprocess.Popen(
        [sys.executable, "manage.py", *command],
        cwd=settings.ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield part
    finally:
        end([part])


def accounts(cloud: str) -> list[Account]:
    found = []
    for known in build_many_accounts(ACCOUNTS):
        account = Account(uid=known.uid, name=known.name, access_key_id=known.access_key_id)
        account.endpoint, account.secret = f"http://{cloud}", known.access_key_secret
        account.save()
        discovery.refresh_packs(account)
        found.append(account)
    return found


def made(wanted: list[Pack]) -> float:
    """Seconds from the first click to the last report that has ended."""
    run = [requests.request_report(pack, by=None) for pack in wanted]
    for report in run:
        tasks.schedule_step(report.pk)
    deadline = time.monotonic() + PATIENCE
    mine = Report.objects.filter(pk__in=[report.pk for report in run])
    while mine.under_way().exists() and time.monotonic() < deadline:
        time.sleep(0.25)
    ended = [report.ended_at for report in mine if report.ended_at]
    return (max(ended) - run[0].requested_at).total_seconds()
