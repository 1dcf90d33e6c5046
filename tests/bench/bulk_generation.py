"""Generate all: how long the click takes, and two workers with the reports of all packs.

The sandbox generates without delay and refuses calls beyond the assumed limits.
"""

import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
from django.conf import settings

from dashboard.management.commands.demo import find_free_port, wait_for_port
from dashboard.management.company_data import CompanyPlan
from dashboard.management.company_rows import LAYOUT
from dashboard.models import Account, BulkRequest, Report
from dashboard.queries.bulk_progress import BulkProgress, load_progress
from tests.bench.bench_site import BenchSite
from tests.bench.measurements import Measurement
from tests.bench.simultaneous_reports import WORKER, start_manage_command

WORKERS = 2
CLICK_SECONDS = 1.0
DEADLINE_SECONDS = 1800.0
PATH = "/reports/generate/"
# What the machine may have left over while packs wait: the requests wait for it, not it for them.
IDLE_PERCENT = 25


def measure_generate_all(site: BenchSite, plan: CompanyPlan) -> Iterator[Measurement]:
    cloud = f"127.0.0.1:{find_free_port()}"
    Account.objects.update(endpoint=f"http://{cloud}")
    hosts = {"DOWNLOAD_HOSTS": cloud, "ENDPOINT_HOSTS": cloud}
    sizes = map(str, (plan.accounts, plan.packs_per_account, plan.rows))
    sandbox = ("sandbox", "--port", cloud.partition(":")[2], "--many", *sizes, "--layout", LAYOUT)
    sandbox += ("--past-weeks", "1", "--generation-seconds", "0", "--limits")
    with ExitStack() as stack:
        process = stack.enter_context(start_manage_command(*sandbox))
        wait_for_port(int(cloud.partition(":")[2]), process)
        for _ in range(WORKERS):
            stack.enter_context(start_manage_command(*WORKER, **hosts))  # type: ignore[arg-type]
        time.sleep(3)  # until the workers have started
        seconds = click_generate_all(site)
        yield Measurement("Generate all: the click", seconds, CLICK_SECONDS, "s")
        idle_before, started_at = read_idle_seconds(), time.monotonic()
        asked_seconds = wait_until_asked()
        idle = (read_idle_seconds() - idle_before) / asked_seconds * 100
        progress = wait_until_ended()
        calls = json.loads(httpx.get(f"http://{cloud}/-/calls", timeout=60).content)["calls"]
    ready_seconds = time.monotonic() - started_at
    note = f"{progress.total:,} asked for in {asked_seconds:.0f} s, ended in {ready_seconds:.0f} s"
    yield Measurement("  idle processors until all are asked for", idle, IDLE_PERCENT, "%", note)
    unready = progress.total - progress.ready
    note = f"{progress.ready:,} are; {describe_failures(progress)}"
    yield Measurement("  reports that are not ready", unready, 0, "", note)
    throttled = sum(call["code"].startswith("Throttling") for call in calls)
    note = f"{len(calls):,} calls, settings.GENERATE_PER_MINUTE {settings.GENERATE_PER_MINUTE}"
    yield Measurement("  calls beyond the assumed limits", throttled, 0, "", note)


def click_generate_all(site: BenchSite) -> float:
    """Press the button on home; return the seconds until the answer."""
    client = site.server.client
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', client.get("/").text)
    assert token
    started_at = time.perf_counter()
    response = client.post(PATH, data={"csrfmiddlewaretoken": token[1]})
    seconds = time.perf_counter() - started_at
    if response.status_code != 302 or "/reports/bulk/" not in response.headers["Location"]:
        raise SystemExit(f"the click was answered with {response.status_code}")
    return seconds


def wait_until_asked() -> float:
    """Wait until no pack waits any more; return the seconds that this took."""
    started_at = time.monotonic()
    while load_newest_progress().asked < load_newest_progress().total:
        wait_a_second(started_at)
    return time.monotonic() - started_at


def wait_until_ended() -> BulkProgress:
    started_at = time.monotonic()
    while load_newest_progress().bulk_request.under_way:
        wait_a_second(started_at)
    return load_newest_progress()


def wait_a_second(started_at: float) -> None:
    if time.monotonic() - started_at > DEADLINE_SECONDS:
        raise SystemExit(f"not within {DEADLINE_SECONDS:.0f} s: {load_newest_progress().counts}")
    time.sleep(1)


def load_newest_progress() -> BulkProgress:
    [progress] = load_progress(BulkRequest.objects.all()[:1])
    return progress


def describe_failures(progress: BulkProgress) -> str:
    packs = progress.bulk_request.packs.exclude(report__state=Report.State.READY)
    errors = packs.exclude(report=None).values_list("report__state", "report__error_code")
    return ", ".join(f"{count} {' '.join(error)}" for error, count in Counter(errors).items())


def read_idle_seconds() -> float:
    """Return for how many seconds the processors were idle, on average of all."""
    _name, _user, _nice, _system, idle, *_ = Path("/proc/stat").read_text().split(None, 6)
    processors = Path("/proc/stat").read_text().count("\ncpu")
    return int(idle) / 100 / processors
