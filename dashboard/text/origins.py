"""Where a report comes from, in words: the witnesses, and what an imported file leaves open."""

import datetime as dt
from typing import TYPE_CHECKING, NamedTuple

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from dashboard.models import ImportedFile, Report
from dashboard.text.formatting import format_time

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

WITNESSES: dict[str, "StrPromise"] = {
    "content": _("the file's content"),
    "name": _("the file's name"),
    "rows": _("the file's rows"),
    "person": _("the person who imported it"),
    "pack": _("the only account that has this pack"),
}
PARTS: dict[str, "StrPromise"] = {
    "account": _("Account"),
    "pack": _("Pack"),
    "time": _("Report created"),
}
QUESTIONS: dict[str, "StrPromise"] = {
    "account_missing": _("the file names no account"),
    "pack_missing": _("the file names no pack"),
    "time_missing": _("the file names no time of the report"),
    "account_differs": _("name and content name different accounts"),
    "pack_differs": _("name and content name different packs"),
    "time_differs": _("name and content are more than a day apart"),
    "rows_differ": _("the rows name another account"),
    "account_unknown": _("the account is not known here"),
    "pack_unknown": _("the pack is not known here"),
}


class StatedPart(NamedTuple):
    """Account, pack or time of an imported report: who decided, and what each witness states."""

    label: str
    decided_by: str
    statements: list[tuple[str, str]]  # witness and value

    @property
    def is_contradicted(self) -> bool:
        return len({value for _witness, value in self.statements}) > 1


def describe_questions(file: ImportedFile) -> list[str]:
    """Return what a person must decide about the file, each as words for a list."""
    return [str(QUESTIONS[question]) for question in file.questions]


def describe_origin(origin: dict[str, object]) -> list[StatedPart]:
    """Return account, pack and time of an origin (see Report.provenance) as words."""
    parts = []
    for name, label in PARTS.items():
        part = origin.get(name)
        if not isinstance(part, dict):
            continue
        statements = [
            (str(WITNESSES[witness]), format_statement(name, value))
            for witness, value in part["stated"].items()
        ]
        decided_by = str(WITNESSES[part["by"]]) if part["by"] else gettext("not decided yet")
        parts.append(StatedPart(str(label), decided_by, statements))
    return parts


def format_statement(name: str, value: str) -> str:
    return format_time(dt.datetime.fromisoformat(value), True) if name == "time" else value


def format_created_ms(report: Report) -> str:
    """Return ReportCreateTimestamp as a number of milliseconds; empty if it is not known."""
    milliseconds = report.provenance.get("created_ms")
    return str(milliseconds) if milliseconds else ""
