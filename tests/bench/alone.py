"""One job in a fresh process, as `python -m tests.bench.alone JOB ARGUMENT...`: what it took, as JSON."""

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
from typing import Any

from dashboard.archive import readings
from dashboard.workbook.process import dismiss

Told = dict[str, Any]


def xlrd(*paths: str) -> Told:
    """The bare read of .xls files, one after the other."""
    import xlrd

    begun = time.perf_counter()
    for path in paths:
        xlrd.open_workbook(path)
    return {"seconds": time.perf_counter() - begun}


def openpyxl(path: str) -> Told:
    """The bare read of an .xlsx, read-only."""
    import openpyxl

    begun = time.perf_counter()
    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    rows = sum(1 for _ in book.worksheets[0].iter_rows(values_only=True))
    return {"seconds": time.perf_counter() - begun, "rows": rows}


def ready(path: str, pack: str, created_at: str, read_before: str = "") -> Told:
    """Bytes to a ready report: as the worker does it, but for the cloud, which had the file made."""
    import datetime as dt

    import django

    django.setup()
    from django.conf import settings
    from django.db import connection
    from django.utils import timezone

    from dashboard import workbook
    from dashboard.archive import originals
    from dashboard.generation import lifecycle
    from dashboard.models import Pack, Report

    for known in Path(settings.MEDIA_ROOT).glob(
        f"*/*/{hashlib.sha256(Path(path).read_bytes()).hexdigest()}*"
    ):
        known.unlink()  # the same file may have been read before
    connection.ensure_connection()
    workbook.warm()  # as a worker does when it starts
    time.sleep(1)
    locks = Locks()
    with connection.execute_wrapper(locks):
        begun = time.perf_counter()
        with Path(path).open("rb") as file:
            original = originals.store_stream(file)
        originals.create_original_rows([original])
        moment = dt.datetime.fromisoformat(created_at)
        report = Report.objects.create(
            pack=Pack.objects.get(pk=pack),
            state=Report.State.READING,
            original=original,
            file_name=Path(path).name,
            created_at=moment,
            received_at=timezone.now(),
            deadline_at=timezone.now() + dt.timedelta(minutes=30),
        )
        if read_before:
            readings.ensure_reading(report)
            begun = time.perf_counter()
        lifecycle.advance_report(report.pk)
        took = time.perf_counter() - begun
    report.refresh_from_db()
    if report.state != Report.State.READY:
        raise SystemExit(
            f"the report ended {report.state}: {report.error_code} {report.error_facts}"
        )
    return {
        "seconds": took,
        "report": report.pk,
        "rows": report.rows,
        "statements": locks.statements,
        "longest_lock": locks.longest,
    }


def export(form: str, report: str) -> Told:
    """All rows of a report's resources as a file, from the question to the last byte."""
    import django

    django.setup()
    from django.contrib.auth.models import User

    from dashboard.exports import tables
    from dashboard.queries import report_query
    from dashboard.queries.filters import EvaluationFilter

    by, write = User.objects.get(), tables.FORMATS[form].write
    tables.write_to_temporary_file(
        tables.build_rule_table(report_query.get_report(int(report)), EvaluationFilter()), write, by
    ).close()  # start-up
    begun = time.perf_counter()
    table = tables.build_resource_table(report_query.get_report(int(report)), EvaluationFilter())
    tables.write_to_temporary_file(table, write, by).close()
    return {"seconds": time.perf_counter() - begun, "rows": table.count}


def bare(form: str, report: str) -> Told:
    """The same cells, held ready, through the bare writer."""
    import django

    django.setup()
    from dashboard.exports import tables
    from dashboard.queries import report_query
    from dashboard.queries.filters import EvaluationFilter

    table = tables.build_resource_table(report_query.get_report(int(report)), EvaluationFilter())
    cells = [tuple(table.heads), *table.rows]
    begun = time.perf_counter()
    {"xlsx": bare_xlsx, "csv": bare_csv}[form](cells)
    return {"seconds": time.perf_counter() - begun, "rows": table.count}


def bare_xlsx(cells: list[tuple[Any, ...]]) -> None:
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in cells:
        sheet.append(row)
    with tempfile.TemporaryFile() as file:
        book.save(file)


def bare_csv(cells: list[tuple[Any, ...]]) -> None:
    import csv

    with tempfile.TemporaryFile("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(cells)


class Locks:
    """Counts the statements of this connection and takes the time of its longest transaction."""

    def __init__(self) -> None:
        from django.db import connection

        self.statements = 0
        self.longest = 0.0
        self.begun = 0.0
        commit = connection.commit

        def committed() -> None:
            commit()
            if self.begun:
                self.longest = max(self.longest, time.perf_counter() - self.begun)
            self.begun = 0.0

        connection.commit = committed  # type: ignore[method-assign]

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        self.statements += 1
        result = execute(sql, params, many, context)
        if sql.startswith("BEGIN"):
            self.begun = time.perf_counter()
        return result


JOBS: dict[str, Callable[..., Told]] = {
    "xlrd": xlrd,
    "openpyxl": openpyxl,
    "ready": ready,
    "export": export,
    "bare": bare,
}


class Anonymous(threading.Thread):
    """Watches this process's memory but for files that are mapped into it, such as the database."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak = 0.0

    def run(self) -> None:
        page = resource.getpagesize() / 2**20
        while True:
            _size, resident, shared = map(int, Path("/proc/self/statm").read_text().split()[:3])
            self.peak = max(self.peak, (resident - shared) * page)
            time.sleep(0.02)


def main(job: str, *arguments: str) -> None:
    watch = Anonymous()
    watch.start()
    told = JOBS[job](*arguments)
    dismiss()  # the system counts the memory of those alone that have ended
    status = Path("/proc/self/status").read_text()
    answer = {
        "seconds": told.pop("seconds"),
        "peak": int(status.partition("VmHWM:")[2].split()[0]) / 1024,
        "anonymous": watch.peak,
        "children": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
        "told": told,
    }
    sys.stdout.write(json.dumps(answer))
    sys.stdout.flush()
    os._exit(0)  # taking a million cells apart is nobody's time


if __name__ == "__main__":
    main(*sys.argv[1:])
