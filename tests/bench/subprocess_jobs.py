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
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dashboard.workbook.reader_client import stop_readers

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
        report = create_reading_report(Path(path), int(pack_id), created_at)
        if read_before:
            stored_forms.ensure_stored_form(report)
            started_at = time.perf_counter()
        lifecycle.advance_report(report.pk)
        seconds = time.perf_counter() - started_at
    report.refresh_from_db()
    if report.state != Report.State.READY:
        raise SystemExit(
            f"the report ended {report.state}: {report.error_code} {report.error_facts}"
        )
    return {
        "seconds": seconds,
        "report": report.pk,
        "rows": report.rows,
        "statements": timer.statements,
        "longest_transaction": timer.longest,
    }


def delete_stored_reading(path: Path) -> None:
    """Delete what an earlier job read from the same file."""
    from django.conf import settings

    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    for stored in Path(settings.MEDIA_ROOT).glob(f"*/*/{sha256}*"):
        stored.unlink()


def create_reading_report(path: Path, pack_id: int, created_at: str) -> "Report":
    """Archive the file and create its report in the state "reading"."""
    import datetime as dt

    from django.utils import timezone

    from dashboard.archive import originals
    from dashboard.models import Pack, Report

    with path.open("rb") as file:
        original = originals.store_stream(file)
    originals.create_original_rows([original])
    return Report.objects.create(
        pack=Pack.objects.get(pk=pack_id),
        state=Report.State.READING,
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
    """Record the peak memory (MiB) of this process without mapped files such as the database."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak = 0.0

    def run(self) -> None:
        page_size = resource.getpagesize() / 2**20
        while True:
            _size, resident, shared = map(int, Path("/proc/self/statm").read_text().split()[:3])
            self.peak = max(self.peak, (resident - shared) * page_size)
            time.sleep(0.02)


JOBS: dict[str, Callable[..., JobDetails]] = {
    "read-with-xlrd": read_with_xlrd,
    "read-with-openpyxl": read_with_openpyxl,
    "store-file-as-report": store_file_as_report,
    "export-resources": export_resources,
    "write-with-bare-writer": write_with_bare_writer,
}


def main(job: str, *arguments: str) -> None:
    watcher = MemoryWatcher()
    watcher.start()
    details = JOBS[job](*arguments)
    stop_readers()  # the system counts the memory of a child only after its end
    status = Path("/proc/self/status").read_text()
    result = {
        "seconds": details.pop("seconds"),
        "peak": int(status.partition("VmHWM:")[2].split()[0]) / 1024,
        "anonymous_peak": watcher.peak,
        "child_peak": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
        "details": details,
    }
    sys.stdout.write(json.dumps(result))
    sys.stdout.flush()
    os._exit(0)  # skips the slow release of millions of cells


if __name__ == "__main__":
    main(*sys.argv[1:])
