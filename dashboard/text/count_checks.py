"""The checks of stated counts in words: the badge of a report, and a line for each check."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from dashboard.models import Report, Risk, Status

VERDICT_ORDER = ("differs", "not_checked", "matches")
VERDICT_LABELS = {
    "differs": gettext_lazy("differs"),
    "not_checked": gettext_lazy("not checked"),
    "matches": gettext_lazy("matches"),
}
VERDICT_SLUGS = {"differs": "failing", "not_checked": "not-applicable", "matches": "compliant"}
SOURCE_LABELS = {
    "sheet": gettext_lazy("the sheet itself"),
    "rule_list": gettext_lazy("the file's rule list"),
    "overview": gettext_lazy("the file's overview"),
    "cloud_resources": gettext_lazy("the cloud, counting resources of the pack"),
    "cloud_rules": gettext_lazy("the cloud, counting rules of the pack"),
    "evaluation_results": gettext_lazy("the evaluation results"),
}
BASIS_LABELS = {
    "rows": gettext_lazy("rows of a sheet"),
    "evaluations": gettext_lazy("evaluations"),
    "resources": gettext_lazy("resources"),
    "rules": gettext_lazy("rules"),
    "": gettext_lazy("not stated"),
}
REASON_SENTENCES = {
    "not_listed": gettext_lazy("The file does not list these row by row."),
    "definition": gettext_lazy(
        "The cloud does not publish how it counts this, so it was not checked."
    ),
    "basis_unknown": gettext_lazy(
        "The file does not say whether it counts resources or evaluations."
    ),
    "risk_not_stated": gettext_lazy("The file does not state the risk level of its rules."),
}
NAMES = {
    "rules": gettext_lazy("rules"),
    "failing_rules": gettext_lazy("non-compliant rules"),
    "failing_evaluations": gettext_lazy("non-compliant evaluations"),
    "failing_resources": gettext_lazy("non-compliant resources"),
}


def find_number_of_all_rules(report: Report) -> int | None:
    """Return how many rules the overview counts if the file lists only some; None otherwise."""
    for check in report.count_checks or ():
        is_total = check["name"] == "rules" and not check["risk"]
        if is_total and check["reason"] == "not_listed" and check["stated"] > report.rules:
            return int(check["stated"])
    return None


@dataclass(frozen=True)
class CheckLine:
    """A check of a stated count as a line of a table."""

    name: str
    basis: str | Promise
    ours: int | None
    stated: int
    source: str | Promise
    verdict: str
    reason: str | Promise

    @property
    def verdict_label(self) -> str:
        return str(VERDICT_LABELS[self.verdict])

    @property
    def verdict_slug(self) -> str:
        """The status in whose colour the verdict is shown."""
        return VERDICT_SLUGS[self.verdict]


@dataclass(frozen=True)
class CheckSummary:
    """The badge of a report: what came of all its checks, in one phrase."""

    text: str
    verdict: str  # differs, matches, or not_checked if no count could be checked
    differing: list[CheckLine]

    @property
    def slug(self) -> str:
        """The status in whose colour the badge is shown."""
        return VERDICT_SLUGS[self.verdict]


def summarize_checks(report: Report) -> CheckSummary:
    """Return what came of the checks of a report."""
    checks = report.count_checks
    if checks is None:
        text = _("counts not checked by this version; run manage.py rebuild")
        return CheckSummary(text, "not_checked", [])
    counts = Counter(check["verdict"] for check in checks)
    verdict = next((name for name in ("differs", "matches") if counts[name]), "not_checked")
    differing = [build_check_line(check) for check in checks if check["verdict"] == "differs"]
    return CheckSummary(describe_verdicts(counts), verdict, differing)


def describe_verdicts(counts: Counter[str]) -> str:
    """Return the number of counts that match, of those checked, and of those not checked."""
    matching, unchecked = counts["matches"], counts["not_checked"]
    checked = matching + counts["differs"]
    values = {"matching": matching, "checked": checked, "unchecked": unchecked}
    if not checked and not unchecked:
        return _("neither the file nor the cloud states counts to check")
    if not checked:
        text = ngettext(
            "%(unchecked)s count could not be checked",
            "%(unchecked)s counts could not be checked",
            unchecked,
        )
        return text % values
    if unchecked and counts["differs"]:
        return _("%(matching)s of %(checked)s match, %(unchecked)s could not be checked") % values
    if unchecked:
        return _("%(matching)s match, %(unchecked)s could not be checked") % values
    if counts["differs"]:
        return _("%(matching)s of %(checked)s counts match") % values
    text = ngettext("the %(checked)s count matches", "all %(checked)s counts match", checked)
    return text % values


def list_check_lines(report: Report) -> list[CheckLine]:
    """Return all checks of a report: differences first, then what could not be checked."""
    checks = report.count_checks or []
    ordered = sorted(checks, key=lambda check: VERDICT_ORDER.index(check["verdict"]))
    return [build_check_line(check) for check in ordered]


def build_check_line(check: dict[str, Any]) -> CheckLine:
    return CheckLine(
        name=describe_counted(check),
        basis=BASIS_LABELS[check["basis"]],
        ours=check["ours"],
        stated=check["stated"],
        source=SOURCE_LABELS[check["source"]],
        verdict=check["verdict"],
        reason=REASON_SENTENCES.get(check["reason"], ""),
    )


def describe_counted(check: dict[str, Any]) -> str:
    """Return what a check counts: a sheet, a status of a rule or of all, rules of a risk."""
    name = check["name"]
    if check["source"] == "overview" and name:
        name = str(NAMES.get(name, name))
    parts = [name]
    if check["status"] in Status.__members__:
        parts.append(str(Status[check["status"]].label))
    elif check["status"]:
        parts.append(_("all statuses"))
    if check["risk"]:
        parts.append(str(Risk(check["risk"]).label))
    return " · ".join(filter(None, parts))
