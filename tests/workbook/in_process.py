"""Read files within the process of the test, which takes less time than a reader process."""

from pathlib import Path
from typing import Any

from dashboard.workbook import EvaluationRow, Limits, StoredForm
from dashboard.workbook.conversion import convert_file
from dashboard.workbook.result_collector import ResultsSource


def read_bytes(
    content: bytes,
    folder: Path,
    *,
    account: str = "",
    limits: Limits | None = None,
    results: bytes | None = None,
) -> StoredForm:
    """Return the stored form of a file with this content and of the list of `results`."""
    source, target, unpacked = folder / "source", folder / "stored", folder / "unpacked"
    source.write_bytes(content)
    unpacked.mkdir(exist_ok=True)
    results_source = None
    if results is not None:
        results_source = ResultsSource(folder / "results")
        (folder / "results").write_bytes(results)
    convert_file(source, target, unpacked, account, limits or Limits(), results_source)
    return StoredForm(target)


def list_rows(stored: StoredForm) -> list[EvaluationRow]:
    return [row for bucket in stored.read_buckets() for row in bucket]


def list_evaluations(stored: StoredForm) -> list[Any]:
    """Return the evaluations, each with its group instead of the group's number."""
    rows: list[Any] = list_rows(stored)
    return [row._replace(group=stored.groups[row.group]) for row in rows]


def collect_states(stored: StoredForm) -> set[tuple[int, int, int, int]]:
    """Return what must not change with the order, the language or the kind of a file."""
    return {
        (row.key, row.digest, row.group.status, row.group.risk) for row in list_evaluations(stored)
    }


def read_cells(stored: StoredForm, sheet: int = 0) -> list[list[Any]]:
    return stored.read_rows(sheet, 0, stored.contents.sheets[sheet].rows)
