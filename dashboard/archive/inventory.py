"""Hold the files of the archive against the rows of the database."""

import datetime as dt
import time
from collections.abc import Iterator

from django.core.files.storage import default_storage
from django.utils import timezone

from dashboard.archive import result_parts
from dashboard.models import Original, Report, ResultList

ORIGINALS_FOLDER = "originals"
NAMES_PER_QUERY = 500
NEW_TIME = dt.timedelta(minutes=5)
ROW_SECONDS = 10.0  # a row waits for the lock of the database for 8 seconds at most
PAUSE_SECONDS = 0.5


def list_stored_files(folder: str = ORIGINALS_FOLDER) -> Iterator[str]:
    """Yield the name of each file in a folder of the storage and in its subfolders."""
    try:
        folders, files = default_storage.listdir(folder)
    except FileNotFoundError:
        return
    for name in files:
        yield f"{folder}/{name}"
    for name in folders:
        yield from list_stored_files(f"{folder}/{name}")


def find_unknown_files() -> list[str]:
    """Return the names of files among the originals that no row of the database knows.

    A file that is being stored is on the disk before its row: wait for the rows of new files.
    """
    unknown_names = select_unknown(list(list_stored_files()))
    wait_end = time.monotonic() + ROW_SECONDS
    while any(map(is_new, unknown_names)) and time.monotonic() < wait_end:
        time.sleep(PAUSE_SECONDS)
        unknown_names = select_unknown(unknown_names)
    return unknown_names


def select_unknown(names: list[str]) -> list[str]:
    """Return those of the names that no row of the database knows."""
    unknown_names = []
    for start in range(0, len(names), NAMES_PER_QUERY):
        names_by_hash = {
            name.rpartition("/")[2]: name for name in names[start : start + NAMES_PER_QUERY]
        }
        known = Original.objects.in_bulk(list(names_by_hash))
        unknown_names += [
            name
            for sha256, name in names_by_hash.items()
            if sha256 not in known or known[sha256].path != name
        ]
    return unknown_names


def is_new(name: str) -> bool:
    """Return whether the file was stored a moment ago."""
    return timezone.now() - default_storage.get_modified_time(name) < NEW_TIME


def find_reports_without_original() -> list[Report]:
    """Return the reports in the history whose original is not in the database."""
    reports = Report.objects.filter(state__in=Report.IN_HISTORY)
    return list(reports.exclude(original__in=Original.objects.values("pk")).order_by("pk"))


def find_reports_without_list() -> list[Report]:
    """Return the reports in the history whose list of evaluation results is not in the database.

    Only a complete list is kept.
    """
    reports = Report.objects.filter(
        state__in=Report.IN_HISTORY, result_list__outcome=ResultList.Outcome.COMPLETE
    )
    originals = Original.objects.values("pk")
    return list(reports.exclude(result_list__original__in=originals).order_by("pk"))


def find_lists_without_parts() -> list[int]:
    """Return the ids of the reports whose list under way lacks a part that was stored."""
    report_ids = []
    for result_list in ResultList.objects.filter(outcome=ResultList.Outcome.UNDER_WAY):
        try:
            result_parts.measure_parts(result_list.pk, result_list.parts)
        except FileNotFoundError:
            result_list.refresh_from_db()  # it may have ended meanwhile, which removes its parts
            if not result_list.has_ended:
                report_ids.append(result_list.pk)
    return report_ids


def find_parts_without_list() -> list[int]:
    """Return the ids of the reports that have parts of a list, though none is under way."""
    report_ids = set(result_parts.list_reports_with_parts())
    under_way = ResultList.objects.filter(outcome=ResultList.Outcome.UNDER_WAY, pk__in=report_ids)
    return sorted(report_ids - set(under_way.values_list("pk", flat=True)))
