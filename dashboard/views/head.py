"""What stands above every page of a report: its badges, the cards that are filters, the tabs."""

from dataclasses import dataclass
from typing import Any

from django.utils.html import format_html
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from dashboard.exports.tables import FORMATS
from dashboard.models import Report, Risk, Status
from dashboard.queries import report_query
from dashboard.queries.filters import EvaluationFilter
from dashboard.text.formatting import format_number, format_time

CARDS = (
    EvaluationFilter(status=Status.NON_COMPLIANT),
    EvaluationFilter(status=Status.NON_COMPLIANT, risk=Risk.HIGH),
    EvaluationFilter(status=Status.NON_COMPLIANT, risk=Risk.MEDIUM),
    EvaluationFilter(status=Status.NON_COMPLIANT, risk=Risk.LOW),
    EvaluationFilter(status=Status.NON_COMPLIANT, risk=Risk.NOT_STATED),
    EvaluationFilter(status=Status.IGNORED),
    EvaluationFilter(status=Status.INSUFFICIENT_DATA),
    EvaluationFilter(status=Status.NOT_APPLICABLE),
    EvaluationFilter(status=Status.COMPLIANT),
)


@dataclass(frozen=True)
class Card:
    """A number that is a filter: a link to exactly the rows it counts, where the file lists them."""

    words: str
    slug: str
    count: int
    listed: bool
    link: str
    current: bool

    @property
    def number(self) -> str:
        return format_number(self.count or None)


@dataclass(frozen=True)
class Tab:
    name: str
    words: str
    link: str
    count: int | None = None


def build_report_header(report: Report, wanted: EvaluationFilter, tab: str) -> dict[str, Any]:
    """The context of the head; `tab` is the name of the one in front."""
    return {
        "report": report,
        **language_attributes(report),
        "rated": report.rated,
        "when": format_time(report.listed_at),
        "wanted": wanted,
        "tab": tab,
        "cards": [one for one in (build_card(report, own, wanted) for own in CARDS) if one],
        "tabs": build_tabs(report, wanted),
        "mismatches": [note["facts"] for note in report.notes if note["code"] == "count_mismatch"],
        "formats": FORMATS,
        "export": f"/reports/{report.pk}/export",
        "checked": sum(report.stated_counts.get("checked", {}).values()),
    }


def language_attributes(report: Report) -> dict[str, str]:
    """The file's language, and the attribute that passages in it bear where the page speaks another."""
    language = report.language or "und"
    ours = (get_language() or "").split("-")[0]
    return {
        "lang": language,
        "foreign": "" if language.split("-")[0] == ours else format_html(' lang="{}"', language),
    }


def build_card(report: Report, own: EvaluationFilter, wanted: EvaluationFilter) -> Card | None:
    """The card of a filter; none for risks that no rule leaves unstated."""
    status = own.status
    assert status is not None  # noqa: S101  # every card has one
    listed = status in report.listed_statuses
    count = report_query.count_evaluations(report, own) if listed else report.counts[status]
    if own.risk == Risk.NOT_STATED and not count:
        return None
    words = str(own.risk.label if own.risk is not None else status.label)
    link = f"/reports/{report.pk}/resources/{own.query_string()}"
    slug = status.slug if own.risk is None else ""
    return Card(
        words, slug, count, listed, link, (wanted.status, wanted.risk) == (status, own.risk)
    )


def build_tabs(report: Report, wanted: EvaluationFilter) -> list[Tab]:
    """The tabs; rules and resources keep the filter, but for its order."""
    base, query = f"/reports/{report.pk}/", wanted.query_string(sort="")
    query = "" if query == "?" else query
    shown = [
        Tab("rules", _("Rules"), base + query, report.rules),
        Tab("resources", _("Resources"), f"{base}resources/{query}", report.rows),
    ]
    if report.new is not None:
        shown.append(Tab("changes", _("Changes"), f"{base}changes/"))
    return [
        *shown,
        Tab("sheets", _("Sheets"), f"{base}sheets/0/"),
        Tab("evidence", _("Evidence"), f"{base}evidence/"),
    ]
