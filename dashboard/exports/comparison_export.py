"""A comparison as a file: xlsx with a sheet for each bucket, csv, json; the numbers are the page's."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from openpyxl import Workbook

from dashboard.comparison import comparison_rows
from dashboard.comparison.comparison_filter import ComparisonFilter
from dashboard.comparison.comparison_rows import ChangeRow
from dashboard.comparison.differences import Bucket, Comparison
from dashboard.comparison.rule_scope import RuleScope
from dashboard.exports import tables
from dashboard.exports.tables import Format, format_optional_time, neutralize_formulas, text_cell
from dashboard.models import Report, Risk, Status

COLUMNS = (
    "bucket", "rule_id", "rule", "risk", "was", "now", "change", "account", "region", "resource_type", "resource_id",
    "resource_name", "actual", "expected", "reason", "status_since_utc",
)  # fmt: skip
SHEET_NAME = 31  # characters that Excel allows
AT_ONCE = 500  # rows looked up in one query
# Without a bucket asked for: what changed, what still fails or is ignored. The rest is counted in the summary.
WHOLE = tuple(
    bucket for bucket in Bucket if bucket not in (Bucket.STILL_COMPLIANT, Bucket.STILL_OTHER)
)


def comparison_file_name(compared: Comparison, form: str) -> str:
    """The file's name: pack, and both evidence times in UTC."""
    days = (f"{report.created_at:%Y%m%dT%H%MZ}" for report in (compared.older, compared.newer))
    return f"{compared.newer.pack.pack_id}-changes-{'-'.join(days)}.{form}"


def selected_buckets(wanted: ComparisonFilter) -> tuple[Bucket, ...]:
    return (wanted.bucket,) if wanted.bucket else WHOLE


def count_at_most(compared: Comparison, wanted: ComparisonFilter) -> int:
    """How many rows a file has if nothing narrows its groups, which costs no look at any."""
    return sum(compared.counts[bucket] for bucket in selected_buckets(wanted))


@dataclass(frozen=True)
class ComparisonExport:
    """A file in the making."""

    compared: Comparison
    scope: RuleScope
    wanted: ComparisonFilter
    by: str

    @property
    def count(self) -> int:
        """How many rows it will have."""
        held = [bucket for bucket in selected_buckets(self.wanted) if self.compared.counts[bucket]]
        return sum(comparison_rows.count_rows(self.compared, self.of(bucket)) for bucket in held)

    def of(self, bucket: Bucket) -> ComparisonFilter:
        """The filter within a bucket."""
        return replace(self.wanted, bucket=bucket, page=1)

    def rows(self, bucket: Bucket) -> Iterator[tuple[str, ...]]:
        """A bucket's rows under the filter, all pages."""
        if not self.compared.counts[bucket]:
            return
        found = comparison_rows.load_comparison_page(
            self.compared, self.scope, self.of(bucket), 2**31
        ).changes
        for start in range(0, len(found), AT_ONCE):
            for row in comparison_rows.build_rows(
                self.compared, self.scope, found[start : start + AT_ONCE]
            ):
                yield self.cells(row)

    def cells(self, row: ChangeRow) -> tuple[str, ...]:
        change, now, rule = row.change, row.now, self.scope.rule(row.change.rule)
        was, status = (word.name if word else "" for word in (change.was, change.now))
        return (
            change.bucket, rule.rule_id, rule.name, Risk(change.risk).name, was, status, row.words, now.account,
            now.region, now.resource_type, change.resource_id, now.resource_name, now.actual, now.expected, now.reason,
            comparison_rows.format_since(row),
        )  # fmt: skip

    def said(self, cells: tuple[str, ...]) -> tuple[str, ...]:
        """A row in the reader's words, for those who open the file in a spreadsheet."""
        bucket, rule_id, rule, risk, was, now, *rest = cells
        was, now = (str(Status[name].label) if name else "" for name in (was, now))
        return self.label(Bucket(bucket)), rule_id, rule, str(Risk[risk].label), was, now, *rest

    def label(self, bucket: Bucket) -> str:
        return self.compared.lists.label(bucket)

    def about(self) -> dict[str, Any]:
        """What the file is: the reports, the filter, the numbers of every bucket, who made it and when."""
        return {
            "pack": self.compared.newer.pack.name,
            "pack_id": self.compared.newer.pack.pack_id,
            "account": self.compared.newer.pack.account.uid,
            **report_metadata("older", self.compared.older),
            **report_metadata("newer", self.compared.newer),
            "filter": self.wanted.query_string().lstrip("?") or "-",
            "sentence": comparison_rows.summarize_changes(self.compared),
            "made_at": format_optional_time(timezone.now()),
            "made_by": self.by,
            "counts": {str(bucket): self.compared.counts[bucket] for bucket in Bucket},
            "remarks": self.scope.silences(),
        }

    def xlsx(self) -> bytes:
        book = Workbook(write_only=True)
        summary = book.create_sheet(_("Summary"))
        for key, value in self.about().items():
            for line in summary_lines(key, value):
                summary.append([text_cell(summary, cell) for cell in line])
        for bucket in selected_buckets(self.wanted):
            sheet = book.create_sheet(self.label(bucket)[:SHEET_NAME])
            sheet.freeze_panes = "A2"
            sheet.append(column_heads())
            for row in self.rows(bucket):
                sheet.append([text_cell(sheet, cell) for cell in self.said(row)])
        target = io.BytesIO()
        book.save(target)
        return target.getvalue()

    def csv(self) -> Iterator[str]:
        line = io.StringIO()
        writer = csv.writer(line)
        line.write("\ufeff")  # Excel takes a file without it for GBK
        writer.writerow(column_heads())
        for bucket in selected_buckets(self.wanted):
            for row in self.rows(bucket):
                writer.writerow(neutralize_formulas(self.said(row)))
                if line.tell() > 65_536:
                    yield line.getvalue()
                    line.seek(0)
                    line.truncate()
        yield line.getvalue()

    def json(self) -> Iterator[str]:
        head = json.dumps(self.about(), ensure_ascii=False, indent=1)
        yield head.removesuffix("\n}") + ',\n "rows": ['
        between = "\n  "
        for bucket in selected_buckets(self.wanted):
            for row in self.rows(bucket):
                yield between + json.dumps(dict(zip(COLUMNS, row, strict=True)), ensure_ascii=False)
                between = ",\n  "
        yield "\n ]\n}\n"


Make = Callable[[ComparisonExport], bytes | Iterator[str]]
# Who makes it, and the rows that are made in a second.
MAKE: dict[str, tuple[Make, int]] = {
    "xlsx": (ComparisonExport.xlsx, 5_000),
    "csv": (ComparisonExport.csv, 20_000),
    "json": (ComparisonExport.json, 25_000),
}
FORMATS: dict[str, Format[Make]] = {
    kind: Format(make, tables.FORMATS[kind].content_type, tables.FORMATS[kind].words, pace)
    for kind, (make, pace) in MAKE.items()
}


def column_heads() -> list[str]:
    """The columns in the reader's words; in json they keep their names, for programs."""
    return [
        _("Group"), _("Rule ID"), _("Rule"), _("Risk"), _("Was"), _("Now"), _("Change"), _("Account"), _("Region"),
        _("Type"), _("Resource ID"), _("Resource name"), _("Actual"), _("Compared with"),
        _("Reason"), _("First report with this status (UTC)"),
    ]  # fmt: skip


def report_metadata(which: str, report: Report) -> dict[str, Any]:
    return {
        f"{which}_report": report.pk,
        f"{which}_created_at": format_optional_time(report.created_at),
        f"{which}_sha256": report.original_id,
        f"{which}_file": report.file_name,
    }


def summary_lines(key: str, value: Any) -> Iterator[list[Any]]:
    """A line of the summary for each thing that a value holds."""
    if isinstance(value, dict):
        yield from ([f"{key}: {name}", one] for name, one in value.items())
    elif isinstance(value, list):
        yield from ([key, one] for one in value)
    else:
        yield [key, value]
