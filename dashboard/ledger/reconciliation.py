"""Reconciliation: compare each count that the file or the cloud states with our own count.

A count is compared only with ours of the same basis: rows of a sheet, evaluations, resources or
rules. If we cannot count the same, or do not know what a stated count counts, it is not checked.
The cloud's counts are defined in
https://www.alibabacloud.com/help/en/cloud-config/latest/api-config-2020-09-07-getresourcecompliancebypack
https://www.alibabacloud.com/help/en/cloud-config/latest/api-config-2020-09-07-getconfigrulecompliancebypack
"""

from collections.abc import Iterator
from typing import Any, TypedDict

from dashboard.models import Report, Risk, RuleResult, Status
from dashboard.workbook import Contents

# The roles of sheets that list evaluations row by row.
EVALUATION_ROLES = {"non_compliant", "compliant", "ignored", "evaluations"}
# What the tallies of an overview count; the others count rules.
TALLY_BASES = {"failing_evaluations": "evaluations", "failing_resources": "resources"}
RISK_SEPARATOR = ":"  # in the names of an overview's tallies: "failing_rules:1"


class CountCheck(TypedDict):
    """A stated count, ours, and the verdict. It is stored with the report as it stands here."""

    # sheet, rule_list, overview, evaluation_results, cloud_resources or cloud_rules
    source: str
    basis: str  # rows, evaluations, resources, rules; "" if not known
    name: str  # of the sheet or the rule, or of a count that is of no status
    status: str  # the name of a Status, TOTAL for all of them, "" for a count of no status
    risk: int  # 0 for a count of all risks
    ours: int | None
    stated: int
    verdict: str  # matches, differs, not_checked
    reason: str  # why it was not checked: not_listed, definition, basis_unknown, risk_not_stated


class CountChecker:
    """Our counts of one file, and a check of each stated count against them."""

    def __init__(self, report: Report, contents: Contents, results: list[RuleResult]) -> None:
        self.contents = contents
        self.results = results
        self.stated_counts = report.stated_counts
        self.listed = {Status(status) for status in report.listed_statuses}
        self.lists_rules = any(sheet.role == "rules" for sheet in contents.sheets)

    def check_sheets(self) -> Iterator[CountCheck]:
        """Compare the evaluations read from each sheet with the rows below its header.

        Empty rows, totals and repeated headers are no rows of the list.
        """
        for sheet in self.contents.sheets:
            if sheet.role in EVALUATION_ROLES and sheet.recognised:
                first_row = 0 if sheet.header_row is None else sheet.header_row + 1
                rows = max(sheet.rows - first_row - sheet.other_rows, 0)
                yield build_check("sheet", "rows", rows, sheet.evaluations, name=sheet.name)

    def check_rule_list(self) -> Iterator[CountCheck]:
        """Compare the rows of each rule with the counts that the rule list states."""
        for result in self.results:
            for status in Status:
                stated = result.stated_counts.get(status.name)
                if stated is not None:
                    is_listed = status in self.listed
                    yield build_check(
                        "rule_list",
                        "evaluations",
                        stated,
                        getattr(result, status.field) if is_listed else None,
                        name=result.name,
                        status=status.name,
                        reason="not_listed",
                    )

    def check_overview(self) -> Iterator[CountCheck]:
        """Compare our counts by status with those that the overview states."""
        basis = self.contents.stated_basis
        for name, stated in self.contents.stated.items():
            ours = self.count_by_basis(basis).get(name.upper())
            reason = self.explain_missing_count(name.upper()) if basis else "basis_unknown"
            yield build_check("overview", basis, stated, ours, status=name.upper(), reason=reason)

    def check_overview_tallies(self) -> Iterator[CountCheck]:
        """Compare our rules, failing evaluations and resources with those of the overview."""
        for tally, stated in self.contents.stated_tallies.items():
            name, _separator, risk_text = tally.partition(RISK_SEPARATOR)
            risk = int(risk_text or 0)
            basis = TALLY_BASES.get(name, "rules")
            ours = self.count_tally(name, risk)
            reason = "risk_not_stated" if self.is_without_risks(risk) else "not_listed"
            yield build_check("overview", basis, stated, ours, name=name, risk=risk, reason=reason)

    def check_evaluation_results(self) -> Iterator[CountCheck]:
        """Compare our counts with those of the evaluation results beside the file.

        They differ by the evaluations that only the file has, and those on which both disagree.
        """
        if self.contents.results is None or self.contents.results.error_code:
            return
        counts = self.contents.results.counts
        for status in Status:
            ours = sum(getattr(result, status.field) for result in self.results)
            stated = counts.get(status, 0)
            if ours or stated:
                yield build_check(
                    "evaluation_results", "evaluations", stated, ours, status=status.name
                )

    def check_cloud_resources(self) -> Iterator[CountCheck]:
        """Compare our counts with the cloud's counts of a pack's resources.

        By its documentation it counts a resource as compliant or not applicable once for each rule
        that says so: these two are counts of evaluations.
        """
        for name, stated in self.stated_counts.get("cloud_resources", {}).items():
            is_of_evaluations = name in (Status.COMPLIANT.name, Status.NOT_APPLICABLE.name)
            basis = "evaluations" if is_of_evaluations else "resources"
            ours = self.count_by_basis(basis).get(name)
            reason = self.explain_missing_count(name)
            if stated is not None:
                yield build_check(
                    "cloud_resources", basis, stated, ours, status=name, reason=reason
                )

    def check_cloud_rules(self) -> Iterator[CountCheck]:
        """Compare our rules with the cloud's: those that fail, and all of them."""
        ours_by_name = {
            Status.NON_COMPLIANT.name: self.count_tally("failing_rules", 0),
            "TOTAL": self.count_tally("rules", 0),
        }
        for name, stated in self.stated_counts.get("cloud_rules", {}).items():
            reason = "not_listed" if name in ours_by_name else "definition"
            if stated is not None:
                ours = ours_by_name.get(name)
                yield build_check("cloud_rules", "rules", stated, ours, status=name, reason=reason)

    def count_by_basis(self, basis: str) -> dict[str, int]:
        """Return our counts of a basis by name of status, of what the rows of the file tell.

        Which resources count as ignored, not applicable or without data, and in all, depends on a
        definition that is not published; so these have no count.
        """
        if basis == "evaluations":
            return {
                status.name: sum(getattr(result, status.field) for result in self.results)
                for status in self.listed
            }
        counts: dict[str, int] = {}
        if basis == "resources" and Status.NON_COMPLIANT in self.listed:
            counts[Status.NON_COMPLIANT.name] = self.contents.failing_resources
            if Status.COMPLIANT in self.listed:
                counts[Status.COMPLIANT.name] = self.contents.compliant_resources
        return counts

    def count_tally(self, name: str, risk: int) -> int | None:
        """Return our count of a tally of the overview; None if unknown."""
        has_count = self.lists_rules if name == "rules" else Status.NON_COMPLIANT in self.listed
        if not has_count or self.is_without_risks(risk):
            return None
        results = [result for result in self.results if risk in (0, result.risk)]
        if name == "failing_rules":
            return sum(1 for result in results if result.failing)
        if name == "failing_resources":
            return self.contents.failing_resources_by_risk.get(risk, 0)
        if name == "failing_evaluations":
            return sum(result.failing for result in results)
        return len(results)

    def is_without_risks(self, risk: int) -> bool:
        """Return whether a count by risk is impossible, because a rule has no risk level."""
        return risk != 0 and any(result.risk == Risk.NOT_STATED for result in self.results)

    def explain_missing_count(self, name: str) -> str:
        """Return why we have no count: the file lists no such rows, or we define it otherwise."""
        needed_statuses = {Status[name]} if name in Status.__members__ else set()
        if Status.COMPLIANT in needed_statuses:  # a resource complies if nothing fails it
            needed_statuses.add(Status.NON_COMPLIANT)
        return "definition" if needed_statuses <= self.listed else "not_listed"


def build_check(
    source: str,
    basis: str,
    stated: int,
    ours: int | None,
    *,
    name: str = "",
    status: str = "",
    risk: int = 0,
    reason: str = "",
) -> CountCheck:
    """Return the check of a stated count; without ours it is not checked, for the reason given."""
    verdict = "not_checked"
    if ours is not None:
        verdict = "matches" if ours == stated else "differs"
        reason = ""
    return CountCheck(
        source=source,
        basis=basis,
        name=name,
        status=status,
        risk=risk,
        ours=ours,
        stated=stated,
        verdict=verdict,
        reason=reason,
    )


def check_counts(
    report: Report, contents: Contents, results: list[RuleResult]
) -> list[dict[str, Any]]:
    """Return a check of every count that the file and the cloud state (see CountCheck)."""
    checker = CountChecker(report, contents, results)
    checks = (
        checker.check_sheets(),
        checker.check_overview(),
        checker.check_overview_tallies(),
        checker.check_rule_list(),
        checker.check_evaluation_results(),
        checker.check_cloud_resources(),
        checker.check_cloud_rules(),
    )
    return [dict(check) for group in checks for check in group]
