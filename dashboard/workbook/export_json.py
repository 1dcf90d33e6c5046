"""Read this product's own export of a report's evaluations as .json.

Its rows become a sheet with headings that the reader knows, and its metadata an overview, so
that the rest of the reader needs to know nothing of .json.
"""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from .cells import Cell, SourceSheet
from .errors import WorkbookError
from .remarks import RemarkCollector

# The first property of the file, and the table whose rows are evaluations.
FORMAT_MARK = "compliance-ledger-report/1"
RESOURCE_TABLE_NAME = "resources"
_SHEET_NAME = "Table"
# The headings of the columns, by their keys.
HEADINGS = {
    "status": "Compliance Status",
    "risk": "Risk",
    "rule": "Rule",
    "rule_id": "Rule ID",
    "identifier": "Managed Rule Identifier",
    "resource_id": "Resource ID",
    "resource_name": "Resource name",
    "resource_type": "Resource Type",
    "region": "Region",
    "account": "Account ID",
    "actual": "Actual",
    "required": "Required",
    "expected": "Expected Value",
    "operator": "Operator",
    "property": "Property",
    "reason": "Reason",
    "since": "First report with this status",
    "archive_start": "First report of the pack in this archive",
    "reports": "Reports in a row",
    "source": "Source",
    "results_status": "Status in the evaluation results",
    "cloud_failing_since": "Failing since, as the cloud knows it",
    "cloud_fixed": "Last fixed, as the cloud knows it",
    "exempt_until": "Exempt until",
    "resource_group": "Resource Group",
    "record": "Evaluation record",
}
# Exports of earlier versions lack these.
_LATER_KEYS = {
    "source",
    "results_status",
    "cloud_failing_since",
    "cloud_fixed",
    "exempt_until",
    "resource_group",
    "record",
}
# The labels of an overview, by the keys of the metadata.
_OVERVIEW_LABELS = {
    "pack": "Compliance Pack Name",
    "pack_id": "Compliance Pack ID",
    "account_id": "Account ID",
    "created_at": "Report Generated At",
}


def is_own_json(start: str) -> bool:
    """Return whether a text that begins so is this product's export of evaluations."""
    head = "".join(start[:200].split())
    return head.startswith(f'{{"format":"{FORMAT_MARK}","table":"{RESOURCE_TABLE_NAME}",')


def read_sheets(path: Path, remarks: RemarkCollector) -> list[SourceSheet]:
    """Return an overview and the table of evaluations.

    Raise WorkbookError if the file is damaged.
    """
    try:
        content: dict[str, Any] = orjson.loads(path.read_bytes())
        metadata, rows = content["metadata"], content["rows"]
        row_count, total_count = int(metadata["rows"]), int(metadata["total_rows"])
        table: list[list[Cell]] = [list(HEADINGS.values()), *map(_read_row, rows)]
        overview: list[list[Cell]] = [
            [label, str(metadata.get(key) or "")] for key, label in _OVERVIEW_LABELS.items()
        ]
    except orjson.JSONDecodeError as error:
        raise WorkbookError("truncated") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise WorkbookError("corrupt", cause="export") from error
    if len(rows) != row_count:
        raise WorkbookError("truncated")
    if row_count < total_count:
        remarks.add("export_filtered", rows=row_count, total=total_count)
    return [
        SourceSheet("Overview", False, partial(iter, overview)),
        SourceSheet(_SHEET_NAME, False, partial(iter, table)),
    ]


def _read_row(row: Mapping[str, Any]) -> list[Cell]:
    """Return the cells of a row, all as texts; an empty text is an empty cell."""
    return [str(row.get(key, "") if key in _LATER_KEYS else row[key]) or None for key in HEADINGS]
