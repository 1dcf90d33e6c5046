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
    "evaluations": _("the last evaluation in the file's rows"),
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
    "evaluations_differ": _(
        "the rows were evaluated after the time in the name, or more than a week before it"
    ),
    "rows_differ": _("the rows name another account"),
    "account_unknown": _("the account is not known here"),
    "pack_unknown": _("the pack is not known here"),
}


class StatedPart(NamedTuple):
    """Account, pack or time of an imported report: who decided, and what each witness states."""

    name: str  # a key of PARTS
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
            (str(witness_label), format_statement(name, part["stated"][witness]))
            for witness, witness_label in WITNESSES.items()
            if witness in part["stated"]
        ]
        decided_by = str(WITNESSES[part["by"]]) if part["by"] else gettext("not decided yet")
        parts.append(StatedPart(name, str(label), decided_by, statements))
    return parts


def format_statement(name: str, value: str) -> str:
    return format_time(dt.datetime.fromisoformat(value), True) if name == "time" else value


class ProvenanceFact(NamedTuple):
    """One fact of where a report comes from; `value` is empty if it is not known."""

    key: str  # names the fact in .json
    label: str
    value: str
    statements: list[tuple[str, str]] = []  # of an imported report: witness and value

    @property
    def text(self) -> str:
        """The fact in one line, with what each witness states."""
        stated = "; ".join(f"{witness}: {value}" for witness, value in self.statements)
        return f"{self.value} ({stated})" if stated else self.value


class Provenance(NamedTuple):
    """Where a report comes from; `gap` says why there are no facts, else it is empty."""

    facts: list[ProvenanceFact]
    gap: str


def describe_provenance(report: Report) -> Provenance:
    """Return where a report comes from, for its evidence page, its print and its exports."""
    if report.source == Report.Source.IMPORTED:
        facts = list_import_facts(report.provenance)
        gap = gettext("Imported before the origin of account, pack and time was kept.")
    else:
        facts = list_download_facts(report.provenance) if report.provenance else []
        gap = gettext("Generated before request ids and download were kept.")
    return Provenance(facts, "" if facts else gap)


def list_import_facts(origin: dict[str, object]) -> list[ProvenanceFact]:
    """Return which witness gave account, pack and time of an imported report."""
    return [
        ProvenanceFact(
            f"{part.name}_from",
            gettext("%(fact)s taken from") % {"fact": part.label},
            part.decided_by,
            part.statements,
        )
        for part in describe_origin(origin)
    ]


def list_download_facts(origin: dict[str, object]) -> list[ProvenanceFact]:
    """Return request ids and download of a generated report."""

    def get_text(name: str) -> str:
        return str(origin.get(name) or "")

    created_ms = get_text("created_ms")
    key_account = get_text("key_account") or gettext("account not verified yet")
    facts = {
        "key_account": (gettext("Account of the AccessKey"), key_account),
        "answer_account": (gettext("Account in the answer"), get_text("answer_account")),
        "answer_pack": (gettext("Pack in the answer"), get_text("answer_pack")),
        "generate_request_id": (
            gettext("Request id of Generate"),
            get_text("generate_request_id"),
        ),
        "get_request_id": (
            gettext("Request id of the answer with the link"),
            get_text("get_request_id"),
        ),
        "report_create_timestamp": ("ReportCreateTimestamp", created_ms and f"{created_ms} ms"),
        "download": (gettext("Downloaded from"), get_text("host") + get_text("path")),
        "etag": ("ETag", get_text("etag")),
        "content_md5": ("Content-MD5", get_text("content_md5")),
        "crc64": ("CRC-64", get_text("crc64")),
        "last_modified": ("Last-Modified", get_text("last_modified")),
        "content_length": ("Content-Length", get_text("length")),
    }
    return [ProvenanceFact(key, label, value) for key, (label, value) in facts.items()]
