"""The scope of a comparison: the rules that each report judges, and what its file does not list."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from dashboard.comparison.differences import Comparison
from dashboard.comparison.incomplete_readings import list_incomplete_readings
from dashboard.models import Report, Risk, RuleResult, Status


class RuleVersion(NamedTuple):
    """A rule with the name, risk and parameters that it has in one report.

    `rule` is the primary key of the Rule, `rule_id` its id in the cloud. `stated_counts` are the
    counts by status that the file's list of rules states. `parameters` is None if not stated.
    """

    rule: int
    name: str
    risk: int
    parameters: dict[str, Any] | None
    rule_id: str
    stated_counts: dict[str, int]


class RuleChange(NamedTuple):
    """A difference of a rule between two reports, with the old and the new value as text.

    `kind` is "added", "removed", "renamed", "risk" or "parameters". The values `old` and `new` are
    empty for "added" and "removed".
    """

    kind: str
    rule: RuleVersion
    old: str = ""
    new: str = ""


@dataclass(frozen=True)
class RuleScope:
    """The rules of both reports, by the primary key of the Rule."""

    comparison: Comparison
    older: dict[int, RuleVersion]
    newer: dict[int, RuleVersion]
    # Whether the file has a list of rules. Only then a missing rule is known not to be in the pack.
    older_lists_rules: bool
    newer_lists_rules: bool

    @property
    def matches_by_name(self) -> bool:
        """Whether some rules are matched by name, because a file does not state their ids."""
        return any(not rule.rule_id for rule in (*self.older.values(), *self.newer.values()))

    @property
    def duplicate_count(self) -> int:
        """The number of rows in both files that repeat the rule and resource of an earlier row."""
        return self.count_remarked_rows("duplicate_keys")

    @property
    def lost_digits_count(self) -> int:
        """The number of rows in both files whose ids lost digits."""
        return self.count_remarked_rows("digits_lost")

    @property
    def empty_id_count(self) -> int:
        """The number of rows in both files that name their resource, but give no id."""
        return self.count_remarked_rows("id_empty")

    def count_remarked_rows(self, code: str) -> int:
        """Return the number of rows in both files that have remarks with this code."""
        remarks = (*self.comparison.older.remarks, *self.comparison.newer.remarks)
        return sum(remark["count"] for remark in remarks if remark["code"] == code)

    def is_added(self, rule: int) -> bool:
        return self.older_lists_rules and rule not in self.older

    def is_removed(self, rule: int) -> bool:
        return self.newer_lists_rules and rule not in self.newer

    def get_rule(self, rule: int) -> RuleVersion:
        """Return the newer report's version of a rule, or else the older report's version.

        If neither report has the rule, return a version with an empty name.
        """
        unknown_rule = RuleVersion(
            rule=rule,
            name="",
            risk=Risk.NOT_STATED,
            parameters=None,
            rule_id="",
            stated_counts={},
        )
        return self.newer.get(rule) or self.older.get(rule) or unknown_rule

    def list_rule_changes(self) -> Iterator[RuleChange]:
        """Yield the differences between the rules of both reports, sorted by the rule's name.

        Names are compared only if both files are in the same language.
        """
        same_language = self.comparison.older.language == self.comparison.newer.language
        rules = sorted(
            self.older.keys() | self.newer.keys(), key=lambda rule: self.get_rule(rule).name
        )
        for rule in rules:
            old, new = self.older.get(rule), self.newer.get(rule)
            if old and new:
                yield from compare_rule_versions(old, new, same_language)
            elif new and self.is_added(rule):
                yield RuleChange("added", new)
            elif old and self.is_removed(rule):
                yield RuleChange("removed", old)

    def list_limitations(self) -> list[str]:
        """Return a text for each report that is incomplete, or whose file lists failing ones only.

        The text says what cannot be determined, and what is known of the compliant resources.
        """
        limitations = list_incomplete_readings(self.comparison)
        if not self.comparison.older.lists_compliant:
            text = _(
                "The older file lists only failing resources, "
                "so “first seen, compliant” cannot be determined."
            )
            basis = describe_compliant_basis(self.comparison.older, self.older)
            limitations.append(f"{text} {basis}")
        if not self.comparison.newer.lists_compliant:
            text = _(
                "The newer file lists only failing resources. Items it no longer lists may be "
                "compliant or deleted, so they are counted as “no longer reported”, not “fixed”."
            )
            basis = describe_compliant_basis(self.comparison.newer, self.newer)
            limitations.append(f"{text} {basis}")
        return limitations


def load_rule_scope(comparison: Comparison) -> RuleScope:
    """Load the rules of both reports of a comparison, with two queries."""
    reports = (comparison.older, comparison.newer)
    reports_with_rule_list = set(
        Report.objects.filter(pk__in=[report.pk for report in reports])
        .with_rule_list()
        .values_list("pk", flat=True)
    )
    older, newer = load_rule_versions(*reports)
    return RuleScope(
        comparison,
        older,
        newer,
        older_lists_rules=comparison.older.pk in reports_with_rule_list,
        newer_lists_rules=comparison.newer.pk in reports_with_rule_list,
    )


def load_rule_versions(*reports: Report) -> list[dict[int, RuleVersion]]:
    """Return a dictionary for each report, in the order of the reports: its rules by rule id."""
    rules: dict[int, dict[int, RuleVersion]] = {report.pk: {} for report in reports}
    columns = ("rule_id", "name", "risk", "parameters", "rule__rule_id", "stated_counts")
    results = RuleResult.objects.filter(report__in=rules).values_list("report", *columns)
    for report_id, *values in results:
        version = RuleVersion(*values)
        rules[report_id][version.rule] = version
    return [rules[report.pk] for report in reports]


def compare_rule_versions(
    old: RuleVersion, new: RuleVersion, compare_names: bool
) -> Iterator[RuleChange]:
    """Yield the differences between two versions of a rule: name, risk and parameters."""
    if old.name != new.name and compare_names:
        yield RuleChange("renamed", new, old.name, new.name)
    if old.risk != new.risk:
        yield RuleChange("risk", new, str(Risk(old.risk).label), str(Risk(new.risk).label))
    both_have_parameters = old.parameters is not None and new.parameters is not None
    if both_have_parameters and old.parameters != new.parameters:
        yield RuleChange(
            "parameters", new, format_parameters(old.parameters), format_parameters(new.parameters)
        )


def format_parameters(parameters: dict[str, Any] | None) -> str:
    """Return the parameters of a rule as text, for example "days = 90, size = 3"."""
    pairs = sorted((parameters or {}).items())
    return ", ".join(f"{name} = {value}" for name, value in pairs) or "–"


def describe_compliant_basis(report: Report, rules: dict[int, RuleVersion]) -> str:
    """Return a sentence on the basis of a file's compliant count.

    The file does not list compliant resources one by one. The basis is the part of the file that
    states their number: the list of rules, the overview, or none.
    """
    counts = [
        rule.stated_counts[Status.COMPLIANT.name]
        for rule in rules.values()
        if Status.COMPLIANT.name in rule.stated_counts
    ]
    if counts:
        text = _("Basis: its rule list counts %(count)s compliant ones, but names none.")
        return text % {"count": f"{sum(counts):,}"}
    if Status.COMPLIANT.field in report.stated_counts.get("overview", {}):
        text = _("Basis: its overview counts %(count)s compliant ones, but names none.")
        return text % {"count": f"{report.compliant:,}"}
    return _("Basis: none; it does not count the compliant ones either.")
