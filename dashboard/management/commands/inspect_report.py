"""`manage.py inspect_report FILE...`: what report files would give, storing nothing."""

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


class Command(BaseCommand):
    help = "Show what report files would give: kind, sheets, rules, evaluations. Nothing is stored."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument("--json", action="store_true", help="a JSON object per line and file")

    def handle(self, *_args: Any, files: list[Path], **options: Any) -> None:
        unread = 0
        with tempfile.TemporaryDirectory() as folder:
            for file in files:
                try:
                    contents = _contents(file, Path(folder, "stored"))
                except (workbook.WorkbookError, OSError) as fault:
                    unread += 1
                    self.stderr.write(_as_cause(file, fault))
                else:
                    self.stdout.write(
                        _as_json(file, contents) if options["json"] else _as_text(file, contents)
                    )
        if unread:
            raise SystemExit(1)


def _contents(file: Path, stored: Path) -> workbook.Contents:
    with file.open("rb"):  # a file that is not there is the asker's matter, not the reader's
        workbook.read(file, stored)
    with workbook.Reading(stored) as reading:
        return reading.contents


def _as_cause(file: Path, fault: workbook.WorkbookError | OSError) -> str:
    if isinstance(fault, OSError):
        return f"{file}: {fault.strerror}"
    return f"{file}: {explain_error(fault.code, fault.facts).title} ({fault})"


def _as_json(file: Path, contents: workbook.Contents) -> str:
    return json.dumps({"file": str(file), **dataclasses.asdict(contents)}, ensure_ascii=False)


def _as_text(file: Path, contents: workbook.Contents) -> str:
    lines = [f"{file}: {contents.kind} {contents.language}".rstrip()]
    part = _("member")
    lines += [f"  {part} {member.name}  sha256 {member.sha256}" for member in contents.members]
    for sheet in contents.sheets:
        size = _("%(rows)d rows x %(columns)d columns") % {
            "rows": sheet.rows,
            "columns": sheet.columns,
        }
        given = _("%(count)d evaluations") % {"count": sheet.evaluations}
        role = (sheet.role or _("not recognised")) + (_(", ") + _("hidden") if sheet.hidden else "")
        lines.append(f"  {sheet.name}: {role}, {size}, {given}")
    counts = {
        status: sum(rule.counts.get(status, 0) for rule in contents.rules)
        for status in workbook.Status
    }
    lines.append("  " + _("%(count)d rules") % {"count": len(contents.rules)})
    lines += [f"  {status.name}: {count}" for status, count in counts.items() if count]
    lines += [
        f"  {note.code}: {json.dumps(note.facts, ensure_ascii=False)}" for note in contents.notes
    ]
    return "\n".join(lines)
