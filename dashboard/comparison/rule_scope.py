"""What two reports judge: rules that came, went or changed, and what a file says of what it does not list."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from dashboard.comparison.differences import Comparison
from dashboard.models import Report, Risk, RuleResult, Sheet, Status


class RuleVersion(NamedTuple):
    """A rule as one report knew it."""

    rule: int
    name: str
    risk: int
    parameters: dict[str, Any] | None
    rule_id: str
    stated: dict[str, int]


class RuleChange(NamedTuple):
    """`kind` is added, removed, renamed, risk or parameters; `was` and `now` are words."""

    kind: str
    rule: RuleVersion
    was: str = ""
    now: str = ""


def load_rule_versions(*reports: Report) -> list[dict[int, RuleVersion]]:
    """The rules of each of the reports by their number."""
    found: dict[int, dict[int, RuleVersion]] = {report.pk: {} for report in reports}
    fields = ("rule_id", "name", "risk", "parameters", "rule__rule_id", "stated_counts")
    for report, *row in RuleResult.objects.filter(report__in=found).values_list("report", *fields):
        found[report][row[0]] = RuleVersion(*row)
    return [found[report.pk] for report in reports]


@dataclass(frozen=True)
class RuleScope:
    """The rules of both reports, and what differs between them."""

    compared: Comparison
    older: dict[int, RuleVersion]
    newer: dict[int, RuleVersion]
    # Whether each file lists its rules, so that one it lacks is a rule that the pack did not have.
    older_lists_rules: bool
    newer_lists_rules: bool

    @property
    def by_name(self) -> bool:
        """Whether rules are told apart by their names, because a file states no ids."""
        return any(not rule.rule_id for rule in (*self.older.values(), *self.newer.values()))

    @property
    def duplicates(self) -> int:
        """Rows that repeat a rule and a resource which their file has judged before."""
        notes = (*self.compared.older.notes, *self.compared.newer.notes)
        return sum(
            int(note["facts"].get("rows", 0)) for note in notes if note["code"] == "duplicate_keys"
        )

    def removed(self, rule: int) -> bool:
        return self.newer_lists_rules and rule not in self.newer

    def added(self, rule: int) -> bool:
        return self.older_lists_rules and rule not in self.older

    def rule(self, number: int) -> RuleVersion:
        return (
            self.newer.get(number)
            or self.older.get(number)
            or RuleVersion(number, "", Risk.NOT_STATED, None, "", {})
        )

    def changes(self) -> Iterator[RuleChange]:
        """Rules added, removed, renamed, or changed in risk or parameters; names only between files of one language."""
        one_language = self.compared.older.language == self.compared.newer.language
        for number in sorted(
            self.older.keys() | self.newer.keys(), key=lambda number: self.rule(number).name
        ):
            was, now = self.older.get(number), self.newer.get(number)
            if was and now:
                yield from list_differences(was, now, one_language)
            elif now and self.added(number):
                yield RuleChange("added", now)
            elif was and self.removed(number):
                yield RuleChange("removed", was)

    def silences(self) -> list[str]:
        """A sentence for each file that lists only a part, with the ground on which it speaks of the rest."""
        found = []
        if Status.COMPLIANT not in self.compared.older.listed_statuses:
            found.append(
                _(
                    "The older file lists only failing resources, "
                    "so “first seen, compliant” cannot be determined."
                )
                + describe_basis(self.compared.older, self.older)
            )
        if Status.COMPLIANT not in self.compared.newer.listed_statuses:
            found.append(
                _(
                    "The newer file lists only failing resources. Items it no longer lists may be "
                    "compliant or deleted, so they are counted as “no longer reported”, not “fixed”."
                )
                + describe_basis(self.compared.newer, self.newer)
            )
        return found


def compare_scopes(compared: Comparison) -> RuleScope:
    """The scope of a comparison, in two queries."""
    reports = [compared.older.pk, compared.newer.pk]
    listing = set(
        Sheet.objects.filter(report__in=reports, role="rules").values_list("report", flat=True)
    )
    older, newer = load_rule_versions(compared.older, compared.newer)
    return RuleScope(compared, older, newer, reports[0] in listing, reports[1] in listing)


def list_differences(
    was: RuleVersion, now: RuleVersion, one_language: bool
) -> Iterator[RuleChange]:
    if was.name != now.name and one_language:
        yield RuleChange("renamed", now, was.name, now.name)
    if was.risk != now.risk:
        yield RuleChange("risk", now, str(Risk(was.risk).label), str(Risk(now.risk).label))
    if (
        was.parameters is not None
        and now.parameters is not None
        and was.parameters != now.parameters
    ):
        yield RuleChange(
            "parameters", now, format_parameters(was.parameters), format_parameters(now.parameters)
        )


def format_parameters(parameters: dict[str, Any]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in sorted(parameters.items())) or "–"


def describe_basis(report: Report, rules: dict[int, RuleVersion]) -> str:
    """On what ground a file speaks of resources that it does not list: its rule list, its overview, or nothing."""
    counts = [
        rule.stated[Status.COMPLIANT.name]
        for rule in rules.values()
        if Status.COMPLIANT.name in rule.stated
    ]
    values = {"count": f"{sum(counts) if counts else report.compliant:,}"}
    if counts:
        return (
            " "
            + _("Basis: its rule list counts %(count)s compliant ones, but names none.") % values
        )
    if Status.COMPLIANT.name.lower() in report.stated_counts.get("overview", {}):
        return (
            " " + _("Basis: its overview counts %(count)s compliant ones, but names none.") % values
        )
    return " " + _("Basis: none; it does not count the compliant ones either.")
