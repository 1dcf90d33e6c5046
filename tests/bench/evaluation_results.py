"""Evaluation results beside a report's file: time, memory, growth, and the limits on calls."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from django.conf import settings

from dashboard.management.commands.demo import find_free_port, stop_processes, wait_for_port
from dashboard.models import Pack, Report, ResultList
from dashboard.sandbox.evaluation_list import LIST_RESULTS
from dashboard.workbook.reader_server import end_with_parent
from tests.bench import generated_results
from tests.bench.bench_site import BenchSite
from tests.bench.growth import FURTHER_REPORTS, measure_database_size
from tests.bench.measurements import Measurement
from tests.bench.simultaneous_reports import (
    WORKER,
    count_throttled,
    create_sandbox_accounts,
    fetch_calls,
    start_manage_command,
    start_sandbox,
    time_reports,
)
from tests.bench.timers import BYTES_PER_MIB, JobResult, pick_median_job, run_in_turn, run_job

ROUNDS = 5
FEW_ROWS, MANY_ROWS = 20_000, 200_000
PACKS_AT_ONCE, ROWS_AT_ONCE = 50, 8_000  # 4,000 pages, and 3,000 calls a minute are allowed


def measure(site: BenchSite) -> Iterator[Measurement]:
    yield from measure_time_and_memory(site)
    yield from measure_growth(site)
    yield from measure_call_limits(site)


@contextmanager
def start_results_cloud(site: BenchSite, row_count: int, step: int = 0) -> Iterator[str]:
    """Start a results_server, and yield the address at which an account finds it."""
    path, port = site.folder / f"results-{row_count}-{step}.gz", find_free_port()
    generated_results.write_result_list(path, row_count, step)
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "tests.bench.results_server"),
            *(str(port), str(path), generated_results.PACK_ID),
        ],
        cwd=settings.ROOT,
        start_new_session=True,
        preexec_fn=partial(end_with_parent, os.getpid(), signal.SIGTERM),
    )
    try:
        wait_for_port(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        stop_processes([process])


def get_documented_file(site: BenchSite, row_count: int, step: int = 0) -> Path:
    """Return the file beside the list: it has the failing evaluations only."""
    path = site.folder / f"documented-{row_count}-{step}.xls"
    if path.exists():
        return path
    return generated_results.write_documented_file(path, row_count, step)


def fetch_results(site: BenchSite, cloud: str, file: Path, pack: Pack, day: int = 0) -> JobResult:
    """Make a ready report of list and file in a fresh worker process.

    The time in which the worker waits for the cloud is not counted; `cloud_seconds` tells it.
    """
    report_time = site.compute_report_time(day)
    job = run_job("fetch-results-as-report", file, pack.pk, report_time, cloud)
    return job._replace(seconds=job.seconds - job.details["cloud_seconds"])


def measure_time_and_memory(site: BenchSite) -> Iterator[Measurement]:
    """Compare a list with a file of the same rows, and a list with one of ten times the rows."""
    few_rows, many_rows = site.scale_size(FEW_ROWS), site.scale_size(MANY_ROWS)
    whole_file, file = site.get_xls_file(few_rows), get_documented_file(site, few_rows)
    packs = (site.get_or_create_pack(f"results-{number}") for number in range(2 * ROUNDS))
    with start_results_cloud(site, few_rows) as cloud:
        floors, ours = run_in_turn(
            ROUNDS,
            lambda: site.store_file_as_report(whole_file, next(packs), 0),
            lambda: fetch_results(site, cloud, file, next(packs)),
        )
    floor, few_job = pick_median_job(floors), pick_median_job(ours)
    note = (
        f"{few_job.seconds:.2f} s / {floor.seconds:.2f} s; the worker waited another "
        f"{few_job.details['cloud_seconds']:.2f} s for {few_job.details['pages']} answers"
    )
    label = f"{few_rows:,} evaluation results, list to ready / a file of them to ready"
    yield Measurement(label, few_job.seconds / floor.seconds, 1.5, note=note)
    many_file = get_documented_file(site, many_rows)
    with start_results_cloud(site, many_rows) as cloud:
        many_job = fetch_results(site, cloud, many_file, site.get_or_create_pack("results-many"))
    yield from compare_memory(few_rows, few_job, many_rows, many_job)


def compare_memory(
    few_rows: int, few_job: JobResult, many_rows: int, many_job: JobResult
) -> Iterator[Measurement]:
    """Yield the memory of reader and worker with many rows, as such and beside that of few."""
    for process, few_peak, many_peak in (
        ("reader", few_job.child_peak, many_job.child_peak),
        ("worker", few_job.anonymous_peak, many_job.anonymous_peak),
    ):
        note = f"{few_peak:.0f} MiB with {few_rows:,} rows, {many_peak:.0f} MiB with {many_rows:,}"
        label = f"  {process}'s memory for ten times the rows"
        yield Measurement(label, many_peak / few_peak, 1.25, note=note)
        yield Measurement(f"  {process}'s memory", many_peak, 250, "MiB")


def measure_growth(site: BenchSite) -> Iterator[Measurement]:
    """Measure the room of further reports of which 1 % changed, and of their lists."""
    rows, pack = site.scale_size(FEW_ROWS), site.get_or_create_pack("results-growth")
    sizes, jobs = [measure_database_size()], []
    for step in range(1 + FURTHER_REPORTS):
        file = get_documented_file(site, rows, step)
        with start_results_cloud(site, rows, step) as cloud:
            jobs.append(fetch_results(site, cloud, file, pack, day=step))
        sizes.append(measure_database_size())
    first, further = sizes[1] - sizes[0], (sizes[-1] - sizes[1]) / FURTHER_REPORTS
    list_bytes = max(job.details["list_bytes"] for job in jobs)
    note = (
        f"{first / BYTES_PER_MIB:.1f} MiB, then {further / BYTES_PER_MIB:.2f} MiB; the list takes "
        f"{list_bytes / BYTES_PER_MIB:.2f} MiB in the archive, {list_bytes / rows:.0f} bytes a row"
    )
    label = f"list and file of {rows:,} rows, 1 % changed: room of a further report"
    yield Measurement(label, further / first * 100, 3, "%", note)


def measure_call_limits(site: BenchSite) -> Iterator[Measurement]:
    """Count the calls that the sandbox refuses while the lists of many packs are fetched at once.

    All packs are of one account, and their lists have more pages than calls are allowed a minute.
    """
    cloud = f"127.0.0.1:{find_free_port()}"
    settings.ENDPOINT_HOSTS = [cloud]
    rows = site.scale_size(ROWS_AT_ONCE)
    with start_sandbox(cloud, PACKS_AT_ONCE, account_count=1, rows_per_report=rows):
        [account] = create_sandbox_accounts(cloud, count=1)
        packs = list(account.packs.in_cloud())
        with start_manage_command(*WORKER, DOWNLOAD_HOSTS=cloud, ENDPOINT_HOSTS=cloud):
            time.sleep(3)  # until the worker has started
            seconds = time_reports(packs)
        calls = fetch_calls(cloud)
    lists = ResultList.objects.filter(report__pack__in=packs, report__state=Report.State.READY)
    complete = lists.filter(outcome=ResultList.Outcome.COMPLETE).count()
    list_calls = sum(call["operation"] == LIST_RESULTS for call in calls)
    note = (
        f"{len(calls):,} calls, {list_calls:,} of them for pages of {lists.count()} lists with "
        f"{rows:,} rows, in {seconds:.0f} s"
    )
    label = f"evaluation results of {len(packs)} packs at once: lists not complete"
    yield Measurement(label, len(packs) - complete, 0, "")
    yield Measurement("  calls beyond the limits", count_throttled(calls), 0, "", note)
