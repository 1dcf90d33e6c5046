"""Command: print what the reader reads from report files, without storing anything."""

import dataclasses
import json
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from dashboard import workbook
from dashboard.text.error_messages import explain_error
from dashboard.text.remark_sentences import describe_remark, describe_remark_content
from dashboard.text.report_remarks import RemarkSummary, is_uncounted

# Exit codes.
UNREADABLE = 1
NOT_ALL_COUNTED = 2


class Command(BaseCommand):
    help = (
        "Show what report files would give: kind, sheets, rules, evaluations, remarks. Nothing is "
        "stored. Exit code 1: a file cannot be read; 2: something of a file was not counted."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument("--json", action="store_true", help="a JSON object per line and file")

    def handle(self, *_args: Any, files: list[Path], **options: Any) -> None:
        """Print the contents of each file.

        Exit with code 1 if a file cannot be read, else with code 2 if a remark says that something
        of a file was not counted.
        """
        format_contents = format_contents_as_json if options["json"] else format_contents_as_text
        exit_code = 0
        for path in files:
            try:
                contents = read_contents(path)
            except (workbook.WorkbookError, OSError) as error:
                exit_code = UNREADABLE
                self.stderr.write(format_reading_error(path, error))
            else:
                self.stdout.write(format_contents(path, contents))
                if any(remark.is_uncounted for remark in contents.remarks):
                    exit_code = exit_code or NOT_ALL_COUNTED
        if exit_code:
            raise SystemExit(exit_code)


def read_contents(path: Path) -> workbook.Contents:
    """Return the contents of a file.

    Raises OSError if the file cannot be opened, WorkbookError if it cannot be read.
    """
    with path.open("rb"):
        pass  # raises OSError; the reader process would raise WorkbookError instead
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "stored-form")
        workbook.read_file(path, target)
        with workbook.StoredForm(target) as stored_form:
            return stored_form.contents


def format_reading_error(path: Path, error: workbook.WorkbookError | OSError) -> str:
    if isinstance(error, OSError):
        return f"{path}: {error.strerror}"
    return f"{path}: {explain_error(error.code, error.facts).title} ({error})"


def format_contents_as_json(path: Path, contents: workbook.Contents) -> str:
    """Return an object with the fields of the contents; each remark has its sentence, too."""
    fields = {"file": str(path), **dataclasses.asdict(contents)}
    for remark in fields["remarks"]:
        remark["uncounted"] = is_uncounted(remark)
        remark["sentence"] = describe_remark_content(remark)
    return json.dumps(fields, ensure_ascii=False)


def format_contents_as_text(path: Path, contents: workbook.Contents) -> str:
    """Return lines with the kind, zip members, sheets, rules, counts by status and remarks."""
    lines = [f"{path}: {contents.kind} {contents.language}".rstrip()]
    member_label = _("member")
    lines += [
        f"  {member_label} {member.name}  sha256 {member.sha256}" for member in contents.members
    ]
    lines += [f"  {format_sheet(sheet)}" for sheet in contents.sheets]
    lines.append("  " + _("%(count)d rules") % {"count": len(contents.rules)})
    for status in workbook.StatusCode:
        if count := sum(rule.counts.get(status, 0) for rule in contents.rules):
            lines.append(f"  {status.name}: {count}")
    sheet_names = {sheet.number: sheet.name for sheet in contents.sheets}
    if contents.remarks:
        uncounted_count = sum(remark.is_uncounted for remark in contents.remarks)
        lines.append("  " + RemarkSummary(len(contents.remarks), uncounted_count).text)
    for remark in contents.remarks:
        lines.append("  - " + describe_remark(dataclasses.asdict(remark), sheet_names))
    return "\n".join(lines)


def format_sheet(sheet: workbook.SheetInfo) -> str:
    role = sheet.role or _("not recognised")
    if sheet.hidden:
        role += _(", ") + _("hidden")
    numbers = {"rows": sheet.rows, "columns": sheet.columns}
    size = _("%(rows)d rows x %(columns)d columns") % numbers
    evaluations = _("%(count)d evaluations") % {"count": sheet.evaluations}
    return f"{sheet.name}: {role}, {size}, {evaluations}"
