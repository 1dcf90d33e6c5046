"""The remarks of a report in words: how many there are, and a line with a place for each."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboard.models import Report
from dashboard.text.remark_sentences import describe_remark_content
from dashboard.workbook.remarks import UNCOUNTED_CODES

# The first version of the reader remarked on counts that differ; now these are checks of counts.
EARLIER_CODES = frozenset({"count_mismatch"})


class RemarkLine(NamedTuple):
    """A remark as a line of a table. `sheet` is the name of the sheet, "" for the whole file.

    `remark` has the stored fields (see workbook.remarks.Remark).
    """

    remark: Mapping[str, Any]
    member: str
    sheet: str
    rows: str
    sentence: str
    is_uncounted: bool

    @property
    def effect(self) -> str:
        """What follows from the remark for the numbers of the report."""
        return _("not counted") if self.is_uncounted else _("counted, with this remark")

    @property
    def effect_slug(self) -> str:
        """The status in whose colour the effect is shown."""
        return "insufficient-data" if self.is_uncounted else "not-applicable"


@dataclass(frozen=True)
class RemarkSummary:
    """How many remarks a report has, and how many of them say that something was not counted."""

    count: int
    uncounted_count: int
    read_members: str = ""  # "2 of 3 members read"; empty if the file is no zip, or all were read

    @property
    def text(self) -> str:
        """The counts in one phrase; empty if there is no remark."""
        return _(", ").join(filter(None, (self.read_members, self.count_text)))

    @property
    def count_text(self) -> str:
        if not self.count:
            return ""
        text = ngettext("%(count)s remark", "%(count)s remarks", self.count)
        text %= {"count": self.count}
        if not self.uncounted_count:
            return text
        addition = ngettext(
            "%(count)s says what was not counted",
            "%(count)s say what was not counted",
            self.uncounted_count,
        )
        return text + _(", ") + addition % {"count": self.uncounted_count}

    @property
    def slug(self) -> str:
        """The status in whose colour the summary is shown."""
        return "insufficient-data" if self.uncounted_count else "not-applicable"


def summarize_remarks(report: Report) -> RemarkSummary:
    """Return the numbers of a report's remarks. It needs no query."""
    remarks = list(iterate_remarks(report))
    uncounted_count = sum(map(is_uncounted, remarks))
    return RemarkSummary(len(remarks), uncounted_count, describe_read_members(report))


def describe_remark_count(report: Report) -> str:
    """Return the numbers of a report's remarks in one phrase, "none" if there are none."""
    return summarize_remarks(report).text or _("none")


def describe_uncounted(report: Report) -> str:
    """Return in one phrase that parts of the file were not counted; "" if all was counted."""
    count = summarize_remarks(report).uncounted_count
    if not count:
        return ""
    text = ngettext(
        "%(count)s remark on its file says what was not counted",
        "%(count)s remarks on its file say what was not counted",
        count,
    )
    parts = [describe_read_members(report), text % {"count": count}]
    return _(", ").join(filter(None, parts))


def describe_read_members(report: Report) -> str:
    """Return how many files of a zip were read, "2 of 3 members read"; "" if all were."""
    for remark in iterate_remarks(report):
        facts: dict[str, Any] = remark.get("facts", {})
        if "members" in facts:
            values = {"read": facts["read"], "members": facts["members"]}
            return _("%(read)s of %(members)s members read") % values
    return ""


def list_remark_lines(report: Report) -> list[RemarkLine]:
    """Return a line for each remark; those on what was not counted come first."""
    sheets = {sheet.number: sheet.name for sheet in report.sheets.all()} if report.remarks else {}
    lines = [build_remark_line(remark, sheets) for remark in iterate_remarks(report)]
    return sorted(lines, key=lambda line: not line.is_uncounted)


def build_remark_line(remark: Mapping[str, Any], sheets: Mapping[int, str]) -> RemarkLine:
    """Return the line of a stored remark; `sheets` gives the name of each sheet by its number."""
    number = remark.get("sheet")
    return RemarkLine(
        remark=remark,
        member=str(remark.get("facts", {}).get("member", "")),
        sheet="" if number is None else sheets.get(number, "?"),
        rows=remark.get("rows", ""),
        sentence=describe_remark_content(remark),
        is_uncounted=is_uncounted(remark),
    )


def iterate_remarks(report: Report) -> Iterator[Mapping[str, Any]]:
    """Yield the stored remarks without those that are checks of counts now."""
    return (remark for remark in report.remarks if remark["code"] not in EARLIER_CODES)


def is_uncounted(remark: Mapping[str, Any]) -> bool:
    """Return whether a stored remark says that something of the file was not counted."""
    return remark["code"] in UNCOUNTED_CODES
