"""Run one job in a fresh process and print its time and memory as JSON.

usage: python -m tests.bench.subprocess_jobs JOB ARGUMENT...
"""

import hashlib
import json
import os
import resource
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dashboard.workbook.reader_client import stop_readers
from tests.bench.timers import read_peak_memory

if TYPE_CHECKING:
    from dashboard.models import Report

JobDetails = dict[str, Any]


def read_with_xlrd(*paths: str) -> JobDetails:
    """Read .xls files with bare xlrd, one after the other."""
    import xlrd

    started_at = time.perf_counter()
    for path in paths:
        xlrd.open_workbook(path)
    return {"seconds": time.perf_counter() - started_at}


def read_with_openpyxl(path: str) -> JobDetails:
    """Read an .xlsx file with bare openpyxl in its read-only mode."""
    import openpyxl

    started_at = time.perf_counter()
    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    rows = sum(1 for _ in book.worksheets[0].iter_rows(values_only=True))
    return {"seconds": time.perf_counter() - started_at, "rows": rows}


def store_file_as_report(
    path: str, pack_id: str, created_at: str, read_before: str = ""
) -> JobDetails:
    """Take a file from its bytes to a ready report, as the worker does after the download.

    If `read_before` is not empty, the file is read before the time starts.
    """
    import django

    django.setup()
    from django.db import connection

    from dashboard import workbook
    from dashboard.archive import stored_forms
    from dashboard.generation import lifecycle
    from dashboard.models import Report

    delete_stored_reading(Path(path))
    connection.ensure_connection()
    workbook.start_reader()  # as a worker does when it starts
    time.sleep(1)
    timer = TransactionTimer()
    with connection.execute_wrapper(timer):
        started_at = time.perf_counter()
        report = create_report(Path(path), int(pack_id), created_at, Report.State.READING)
        if read_before:
            stored_forms.ensure_stored_form(report)
            started_at = time.perf_counter()
        lifecycle.advance_report(report.pk)
        seconds = time.perf_counter() - started_at
    report.refresh_from_db()
    require_ready(report)
    return {
        "seconds": seconds,
        "report": report.pk,
        "rows": report.rows,
        "statements": timer.statements,
        "longest_transaction": timer.longest,
    }


def fetch_results_as_report(path: str, pack_id: str, created_at: str, cloud: str) -> JobDetails:
    """Take a report from its list's first page to ready, as the worker does after the download.

    `path` is the file of the report, `cloud` the address of the cloud that has the list.
    """
    import django

    django.setup()
    from django.db import connection

    from dashboard import workbook
    from dashboard.generation import cloud_client
    from dashboard.models import Report, ResultList

    connection.ensure_connection()
    workbook.start_reader()  # as a worker does when it starts
    time.sleep(1)
    delete_stored_reading(Path(path))
    report = create_report(Path(path), int(pack_id), created_at, Report.State.LISTING)
    prepare_listing(report, cloud)
    with cloud_client.open_client(report.pack.account):
        pass  # loads what a worker has loaded for the steps before this one
    timer, cloud_seconds = TransactionTimer(), time_waits_for_cloud()
    with connection.execute_wrapper(timer):
        started_at = time.perf_counter()
        advance_to_end(report)
        seconds = time.perf_counter() - started_at
    result_list = ResultList.objects.select_related("original").get(pk=report.pk)
    assert result_list.original
    if result_list.outcome != ResultList.Outcome.COMPLETE:
        raise SystemExit(f"the list ended {result_list.outcome}: {result_list.error_code}")
    return {
        "seconds": seconds,
        "cloud_seconds": sum(cloud_seconds),
        "rows": report.rows,
        "pages": result_list.pages,
        "list_bytes": result_list.original.size,
        "longest_transaction": timer.longest,
    }


def prepare_listing(report: "Report", cloud: str) -> None:
    """Let the account of a report call this cloud; give the report the facts fetched with a file.

    Calls of earlier jobs do not count against the account's limits.
    """
    from django.conf import settings
    from django.utils import timezone

    from tests.bench.generated_results import build_rule_facts

    report.stated_counts = {"rules": build_rule_facts()}
    report.save()
    settings.ENDPOINT_HOSTS = [cloud.partition("://")[2]]
    account = report.pack.account
    account.endpoint, account.access_key_id, account.secret = cloud, "LTAI-bench", "secret"
    account.caller_access_key_id, account.caller_account_uid = "LTAI-bench", account.uid
    account.caller_asked_at = account.verified_at = timezone.now()
    account.results_free_at = None
    account.save()


def time_waits_for_cloud() -> list[float]:
    """Return a list to which every sending and receiving of bytes adds the seconds it takes."""
    from dashboard.cloud.network import LimitedStream

    seconds: list[float] = []
    for name in ("read", "write"):
        setattr(LimitedStream, name, time_calls(getattr(LimitedStream, name), seconds))
    return seconds


def time_calls(function: Callable[..., Any], seconds: list[float]) -> Callable[..., Any]:
    """Return the function with the seconds of each call added to a list."""

    def call(*arguments: Any, **named_arguments: Any) -> Any:
        started_at = time.perf_counter()
        try:
            return function(*arguments, **named_arguments)
        finally:
            seconds.append(time.perf_counter() - started_at)

    return call


def advance_to_end(report: "Report") -> None:
    """Take the steps of a report when they are due, until it is ready."""
    from dashboard.generation import lifecycle

    wait: float | None = 0.0
    while wait is not None:
        time.sleep(wait)
        wait = lifecycle.advance_report(report.pk)
    report.refresh_from_db()
    require_ready(report)


def require_ready(report: "Report") -> None:
    if report.state != report.State.READY:
        raise SystemExit(
            f"the report ended {report.state}: {report.error_code} {report.error_facts}"
        )


def delete_stored_reading(path: Path) -> None:
    """Delete what an earlier job read from the same file."""
    from django.conf import settings

    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    for stored in Path(settings.MEDIA_ROOT).glob(f"*/*/{sha256}*"):
        stored.unlink()


def create_report(path: Path, pack_id: int, created_at: str, state: str) -> "Report":
    """Archive the file and create its report in a state that follows the download."""
    import datetime as dt

    from django.utils import timezone

    from dashboard.archive import originals
    from dashboard.models import Pack, Report

    with path.open("rb") as file:
        original = originals.store_stream(file)
    originals.create_original_rows([original])
    return Report.objects.create(
        pack=Pack.objects.get(pk=pack_id),
        state=state,
        original=original,
        file_name=path.name,
        created_at=dt.datetime.fromisoformat(created_at),
        received_at=timezone.now(),
        deadline_at=timezone.now() + dt.timedelta(minutes=30),
    )


def export_resources(file_format: str, report_id: str) -> JobDetails:
    """Export all resources of a report, from the first query to the last byte."""
    import django

    django.setup()
    from django.contrib.auth.models import User

    from dashboard.exports import report_tables, resource_tables, writers
    from dashboard.queries import report_query
    from dashboard.queries.filters import EvaluationFilter

    user_name = User.objects.get().get_username()
    write = writers.EXPORT_FORMATS[file_format].write
    report = report_query.select_reports().get(pk=report_id)
    rule_table = report_tables.build_rule_table(report, EvaluationFilter(), user_name)
    writers.write_to_temporary_file(rule_table, write).close()  # imports and connects
    started_at = time.perf_counter()
    report = report_query.select_reports().get(pk=report_id)
    table = resource_tables.build_resource_table(report, EvaluationFilter(), user_name)
    writers.write_to_temporary_file(table, write).close()
    return {"seconds": time.perf_counter() - started_at, "rows": table.row_count}


def write_with_bare_writer(file_format: str, report_id: str) -> JobDetails:
    """Write the cells of export_resources, already in memory, with the bare writer."""
    import django

    django.setup()
    from dashboard.exports import resource_tables
    from dashboard.queries import report_query
    from dashboard.queries.filters import EvaluationFilter

    report = report_query.select_reports().get(pk=report_id)
    table = resource_tables.build_resource_table(report, EvaluationFilter(), "")
    rows = [tuple(table.headings), *table.groups[0].rows]
    write = {"xlsx": write_bare_xlsx, "csv": write_bare_csv}[file_format]
    started_at = time.perf_counter()
    write(rows)
    return {"seconds": time.perf_counter() - started_at, "rows": table.row_count}


def write_bare_xlsx(rows: list[tuple[Any, ...]]) -> None:
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in rows:
        sheet.append(row)
    with tempfile.TemporaryFile() as file:
        book.save(file)


def write_bare_csv(rows: list[tuple[Any, ...]]) -> None:
    import csv

    with tempfile.TemporaryFile("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(rows)


class TransactionTimer:
    """Count the statements of the connection and time its longest transaction (seconds)."""

    def __init__(self) -> None:
        from django.db import connection

        self.statements = 0
        self.longest = 0.0
        self.started_at = 0.0
        commit = connection.commit

        def commit_and_stop_timer() -> None:
            commit()
            if self.started_at:
                self.longest = max(self.longest, time.perf_counter() - self.started_at)
            self.started_at = 0.0

        connection.commit = commit_and_stop_timer  # type: ignore[method-assign]

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        self.statements += 1
        result = execute(sql, params, many, context)
        if sql.startswith("BEGIN"):
            self.started_at = time.perf_counter()
        return result


class MemoryWatcher(threading.Thread):
    """Record peaks of memory (MiB): of this process without mapped files such as the database, and
    of the largest process of the reader.
    """

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak = self.reader_peak = 0.0

    def run(self) -> None:
        page_size = resource.getpagesize() / 2**20
        while True:
            _size, resident, shared = map(int, Path("/proc/self/statm").read_text().split()[:3])
            self.peak = max(self.peak, (resident - shared) * page_size)
            for pid in list_processes_below(os.getpid()):
                with suppress(OSError, IndexError):  # it has ended meanwhile
                    self.reader_peak = max(self.reader_peak, read_reader_peak(pid))
            time.sleep(0.02)


def list_processes_below(pid: int) -> list[int]:
    """Return the ids of the processes that a process and its children have started."""
    try:
        texts = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:  # it has ended
        return []
    children = [int(child) for text in texts for child in text.split()]
    return children + [lower for child in children for lower in list_processes_below(child)]


def read_reader_peak(pid: int) -> float:
    """Return the peak memory of a process; 0 if it does not run the reader.

    A new process has the memory of its parent until it runs its own program. Because of that the
    system's own maximum for children (getrusage) may be that of this process.
    """
    command = Path(f"/proc/{pid}/cmdline").read_bytes()
    return read_peak_memory(pid) if b"dashboard.workbook.reader_server" in command else 0.0


JOBS: dict[str, Callable[..., JobDetails]] = {
    "read-with-xlrd": read_with_xlrd,
    "read-with-openpyxl": read_with_openpyxl,
    "store-file-as-report": store_file_as_report,
    "fetch-results-as-report": fetch_results_as_report,
    "export-resources": export_resources,
    "write-with-bare-writer": write_with_bare_writer,
}


def main(job: str, *arguments: str) -> None:
    watcher = MemoryWatcher()
    watcher.start()
    details = JOBS[job](*arguments)
    stop_readers()
    result = {
        "seconds": details.pop("seconds"),
        "peak": read_peak_memory(os.getpid()),
        "anonymous_peak": watcher.peak,
        "child_peak": watcher.reader_peak,
        "details": details,
    }
    sys.stdout.write(json.dumps(result))
    sys.stdout.flush()
    os._exit(0)  # skips the slow release of millions of cells


if __name__ == "__main__":
    main(*sys.argv[1:])
