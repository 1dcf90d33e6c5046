"""Remark on a report whose numbers a newer version of the reader has changed."""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from dashboard.models import Report
from dashboard.models.reports import STATUS_FIELDS
from dashboard.workbook.remarks import Facts, Remark

CODE = "numbers_changed"
NUMBER_FIELDS = (
    "rules", "rows", *STATUS_FIELDS, "failing_high", "failing_medium", "failing_low",
)  # fmt: skip


def copy_numbers(report: Report) -> dict[str, int]:
    """Return the numbers of a report by field, and the version of the reader that gave them."""
    return {name: getattr(report, name) for name in ("reader_version", *NUMBER_FIELDS)}


def remark_changed_numbers(
    report: Report, earlier: Mapping[str, int], earlier_remarks: Iterable[dict[str, Any]]
) -> None:
    """Add a remark with both numbers to a rebuilt report whose numbers differ from `earlier` ones.

    Such remarks of rebuilds before this one are kept. Must run in the transaction of the rebuild.
    """
    kept_remarks = [remark for remark in earlier_remarks if remark["code"] == CODE]
    rebuilt = Report.objects.get(pk=report.pk)
    changes = [
        (name, earlier[name], getattr(rebuilt, name))
        for name in NUMBER_FIELDS
        if earlier[name] != getattr(rebuilt, name)
    ]
    if changes and earlier["reader_version"] != rebuilt.reader_version:
        facts: Facts = {"reader": earlier["reader_version"]}
        for name, before, after in changes:
            facts |= {f"{name}_before": before, f"{name}_after": after}
        kept_remarks.append(dataclasses.asdict(Remark(CODE, facts=facts)))
    if kept_remarks:
        rebuilt.remarks += kept_remarks
        rebuilt.save(update_fields=["remarks"])
