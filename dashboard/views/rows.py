"""Rules and evaluations as rows of a page: what each cell says, made ready outside the template.

The rows are plain dictionaries: a template finds a key in one at the first try.
"""

from collections.abc import Iterable
from functools import cache
from typing import TypedDict

from django.utils.html import format_html
from django.utils.translation import ngettext

from dashboard.models import Evaluation, Report, Risk
from dashboard.models.evaluations import position_time
from dashboard.queries import report_query, rule_summaries
from dashboard.text.formatting import format_number
from dashboard.text.template_tags import change, mark, risk_mark, status_mark, time

TAIL = 8  # characters of an id that always show: both of its ends tell it from others
# The bar of a risk as text: in a table of resources it would weigh as much as the rest of the row.
BARS = {Risk.HIGH: "▮▮▮", Risk.MEDIUM: "▮▮▯", Risk.LOW: "▮▯▯", Risk.NOT_STATED: ""}
SIGNS = {True: mark("failing", ""), False: mark("compliant", ""), None: mark("not-applicable", "")}


class Row(TypedDict):
    """One evaluation; status and time are HTML."""

    key: int
    status: str
    rule: str
    risk: str
    rule_pk: int
    resource: int
    id: str
    start: str
    tail: str
    name: str
    type: str
    region: str
    account: str
    actual: str
    expected: str
    reason: str
    since: str


class RuleRow(TypedDict):
    """A rule of a report; marks, times and changes are HTML."""

    pk: int
    name: str
    code: str
    mark: str
    risk: str
    failing: str
    judged: str
    since: str
    change: str


def build_rule_rows(report: Report, results: Iterable[rule_summaries.RuleSummary]) -> list[RuleRow]:
    """Rules as rows: each failing one with the time since which one of its resources has been failing."""
    failing_since = report_query.load_failing_since(report)
    risk = cache(risk_mark)
    since = cache(lambda position: time(position_time(position) if position else None))
    return [
        {
            "pk": one.rule,
            "name": one.name,
            "code": one.identifier or one.code,
            "mark": SIGNS[one.failing > 0 if one.judged else None],
            "risk": risk(one.risk),
            "failing": format_number(one.failing),
            "judged": format_number(one.judged) if one.judged else "",
            "since": since(failing_since.get(one.rule)),
            "change": change(one.new, one.fixed),
        }
        for one in results
    ]


def build_evaluation_rows(report: Report, found: Iterable[Evaluation]) -> list[Row]:
    """The rows of a page, each mark and time made once."""
    found = list(found)
    names = {result.rule: result.name for result in rule_summaries.load_rule_summaries(report)}
    in_a_row = report_query.count_reports_from(report, min((one.since for one in found), default=0))
    status = cache(status_mark)

    @cache
    def since(position: int) -> str:
        count = in_a_row(position)
        reports = ngettext("%(count)s report in a row", "%(count)s reports in a row", count) % {
            "count": format_number(count)
        }
        return format_html("{}<br>{}", time(position_time(position)), reports)

    return [
        {
            "key": one.key,
            "status": status(one.status),
            "rule": names.get(one.rule_id, ""),
            "risk": f"{BARS[Risk(one.risk)]} {Risk(one.risk).label}",
            "rule_pk": one.rule_id,
            "resource": one.resource,
            "id": one.resource_id,
            "start": one.resource_id[:-TAIL],
            "tail": one.resource_id[-TAIL:],
            "name": one.resource_name,
            "type": one.resource_type,
            "region": one.region,
            "account": one.account,
            "actual": one.actual,
            "expected": one.expected,
            "reason": one.reason,
            "since": since(one.since),
        }
        for one in found
    ]
