"""The texts in the margins of every printed page: which document it is, and "page n of N"."""

from collections.abc import Sequence
from typing import NamedTuple

from django.utils.translation import gettext as _

from dashboard.models import Report
from dashboard.text.formatting import format_time, shorten_middle

HASH_LENGTH = 17  # characters: eight of the start and eight of the end
PAGE_PLACE, TOTAL_PLACE = "\0", "\1"


class PageMargins(NamedTuple):
    """The texts for the style sheet, which puts the numbers between the three parts of a page."""

    identity: str
    extract: str  # the filter; empty for a whole document
    before_page: str
    before_total: str
    after_total: str


def build_page_margins(reports: Sequence[Report], filter_text: str) -> PageMargins:
    """Return the texts: pack, account, time and shortened hash of each report, and the filter."""
    pack = reports[0].pack
    identity = " · ".join([reports[0].pack_name, pack.account.uid, *map(describe_report, reports)])
    extract = _("Extract: %(filter)s") % {"filter": filter_text} if filter_text else ""
    # Translators: at the foot of a printed page. %(page)s must come before %(pages)s.
    pattern = _("page %(page)s of %(pages)s")
    text = pattern % {"page": PAGE_PLACE, "pages": TOTAL_PLACE}
    before_page, rest = text.split(PAGE_PLACE)
    return PageMargins(identity, extract, before_page, *rest.split(TOTAL_PLACE))


def describe_report(report: Report) -> str:
    """Return time and shortened hash of a report: `2026-11-20 09:14 UTC+8, sha256 3f9a…`."""
    file_hash = shorten_middle(str(report.original_id), HASH_LENGTH)
    return f"{format_time(report.listed_at)}, sha256 {file_hash}"
