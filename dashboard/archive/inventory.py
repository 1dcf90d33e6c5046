"""Hold the files of the archive against the rows of the database."""

from collections.abc import Iterator

from django.core.files.storage import default_storage

from dashboard.models import Original, Report

ORIGINALS_FOLDER = "originals"
NAMES_PER_QUERY = 500


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
    """Return the names of files among the originals that no row of the database knows."""
    names = list(list_stored_files())
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


def find_reports_without_original() -> list[Report]:
    """Return the reports in the history whose original is not in the database."""
    reports = Report.objects.filter(state__in=Report.IN_HISTORY)
    return list(reports.exclude(original__in=Original.objects.values("pk")).order_by("pk"))
