"""The entries of the audit log in words: a line for each change or action."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dashboard.models import Account, AuditEntry
from dashboard.models.audit import JOIN_ACTION
from dashboard.models.pack_archiving import (
    ARCHIVE_ACTION,
    IS_BACK,
    RETURN_ACTION,
    UNARCHIVE_ACTION,
)

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

ANNOTATION_LABELS: dict[str, "StrPromise"] = {
    "label": gettext_lazy("label"),
    "note": gettext_lazy("note"),
    "held": gettext_lazy("hold"),
}

SITE_LABELS = {site.value: site.label for site in Account.Site}


class AuditLines(NamedTuple):
    """An entry of the audit log, and its lines."""

    entry: AuditEntry
    lines: list[str]


def list_audit_lines(entries: Iterable[AuditEntry]) -> list[AuditLines]:
    """Return the lines of each entry, in the order of the entries."""
    return [AuditLines(entry, describe_audit_entry(entry)) for entry in entries]


def describe_audit_entry(entry: AuditEntry) -> list[str]:
    """Return a line for each change or action of an audit entry."""
    if entry.action == "annotate":
        return [
            describe_changed_field(entry, name, ANNOTATION_LABELS[name]) for name in entry.after
        ]
    if entry.action == "change-account":
        return [describe_account_change(entry, name) for name in entry.after]
    if entry.action == "withdraw":
        return [describe_value(_("withdrawn"), entry.after["reason"])]
    if entry.action == "restore":
        return [describe_value(_("withdrawal taken back"), entry.after["reason"])]
    if entry.action == UNARCHIVE_ACTION and entry.after.get("reason") == IS_BACK:
        return [describe_value(_("shown on home again"), _("back in the cloud"))]
    actions = {
        "export": _("exported"),
        "download": _("original downloaded"),
        "download-results": _("evaluation results downloaded"),
        "cancel": _("run cancelled"),
        JOIN_ACTION: _("asked for it too, while it was under way"),
        "read-again": _("file read again"),
        ARCHIVE_ACTION: _("archived"),
        UNARCHIVE_ACTION: _("shown on home again"),
        RETURN_ACTION: _("back in the cloud, stays archived"),
    }
    return [describe_value(actions[entry.action], entry.after.get("file", ""))]


def describe_account_change(entry: AuditEntry, name: str) -> str:
    """Return "label: old → new" for a field of an account; of the secret only that it is new."""
    if name == "secret":
        return _("AccessKey secret replaced")
    field = Account._meta.get_field(name)
    return describe_changed_field(entry, name, field.verbose_name)  # type: ignore[union-attr]


def describe_changed_field(entry: AuditEntry, name: str, label: "str | StrPromise") -> str:
    """Return "label: old → new" for a changed field."""
    old_text, new_text = (
        format_field_value(entry.before[name]),
        format_field_value(entry.after[name]),
    )
    return describe_value(str(label), f"{old_text} → {new_text}")


def describe_value(name: str, value: str) -> str:
    """Return "name: value", or only the name if the value is empty."""
    return _("%(name)s: %(value)s") % {"name": name, "value": value} if value else name


def format_field_value(value: str | bool) -> str:
    """Return the value of a field as text; a dash for an empty text."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return str(SITE_LABELS.get(value, value)) or "–"
