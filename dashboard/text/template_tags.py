"""Template tags and filters for times, rates, statuses and risks."""

import datetime as dt
import re
from functools import lru_cache

from django import template
from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext

from dashboard.models import Report, Risk, RuleResult, Status
from dashboard.text import findings, formatting, rates

register = template.Library()
register.simple_tag(formatting.format_age, name="age")
register.simple_tag(formatting.format_rate, name="rate")
register.simple_tag(formatting.format_zone_name, name="zone_name")
register.simple_tag(findings.describe_requirement, name="requirement")
register.filter("finding", findings.describe_finding)
register.filter("format_time", formatting.format_time)
register.filter("format_page_time", formatting.format_page_time)
register.filter("elapsed", formatting.format_elapsed)
register.filter("number", formatting.format_number)
register.filter("shorten", formatting.shorten_middle)
register.filter("size", formatting.format_size)

# Shown in place of a missing value.
QUIET_DASH = SafeString('<span class="soft">–</span>')
# Up to a space, a quote, an angle bracket, a Chinese character, or a sign that ends a sentence
# rather than an address.
HTTPS_ADDRESS = re.compile(
    r"(https://[\w.-]+(?::\d+)?(?:/(?:[^\s\"'<>\x80-\U0010ffff]*[\w/=&#-])?)?)", re.ASCII
)
CHINESE = re.compile("[\u4e00-\u9fff]")
ICON_PATHS = {
    "failing": "M2 2l8 8M10 2l-8 8",
    "compliant": "M1.5 6.5l3 3 6-7",
    "ignored": "M6 1.2a4.8 4.8 0 1 0 .01 0zM2.6 2.6l6.8 6.8",
    "not-applicable": "M2 6h8",
    "insufficient-data": "M3.5 4a2.5 2.5 0 1 1 3.6 2.2Q6 6.8 6 8M6 10v1",
    "under-way": "M1.5 6h1M5.5 6h1M9.5 6h1",
}


@register.filter(name="number_or_dash")
def format_number_or_dash(number: int | None) -> str:
    """Show a number; a dash for 0 and None."""
    return formatting.format_number(number) if number else QUIET_DASH


@register.simple_tag(name="page_url")
@lru_cache(maxsize=10_000)
def get_page_url(name: str, *args: int) -> SafeString:
    """Return the URL of a page, like reverse(), and cache it.

    A list has hundreds of URLs, and without the cache reverse() takes a fifth of the time of the
    home page. Use this tag in rows of lists and points of charts, and {% url %} elsewhere.
    """
    return escape(reverse(name, args=args))


@register.simple_tag(name="product_version")
def get_product_version() -> str:
    return settings.VERSION


@register.simple_tag(name="time")
def render_time(value: dt.datetime | None, with_seconds: bool = False) -> SafeString:
    """Show a time in the active time zone; a dash for None.

    The tooltip has the offset and the UTC time. Where the page names the offset once, the style
    sheet adds it to the time in print only.
    """
    if value is None:
        return QUIET_DASH
    local, utc = timezone.localtime(value), value.astimezone(dt.UTC)
    offset = formatting.format_utc_offset(local.utcoffset())
    title = formatting.format_local_time(local, with_seconds=True) + f" {offset}"
    if offset != "UTC":
        title += f"; {formatting.format_local_time(utc, with_seconds=True)} UTC"
    text = formatting.format_local_time(local, with_seconds)
    is_named = formatting.is_offset_named(local)
    pattern = '<time datetime="{0}" title="{1}" data-offset="{2}">{3}</time>'
    if not is_named:
        pattern = '<time datetime="{0}" title="{1}">{3} {2}</time>'
    return format_html(pattern, f"{utc:%Y-%m-%dT%H:%MZ}", title, offset, text)


@register.filter(name="link_https")
def link_https_addresses(text: str) -> SafeString:
    """Show a text whose https addresses are links; any other address stays text."""
    parts = HTTPS_ADDRESS.split(text)  # texts and addresses take turns
    return format_html_join(
        "",
        "{}",
        (
            (format_html('<a href="{}" rel="noreferrer">{}</a>', part, part) if i % 2 else part,)
            for i, part in enumerate(parts)
        ),
    )


@register.simple_tag(name="rate_bar")
def render_rate_bar(compliant: int, failing: int) -> SafeString:
    """Show a rate as a thin bar; nothing where there is no rate."""
    total = compliant + failing
    if not total:
        return SafeString()
    share = compliant * 100 // total / 100  # between 0 and 1, cut to whole percents
    return format_html('<progress value="{}" aria-hidden="true"></progress>', share)


def render_gap(reason: str) -> SafeString:
    """Show a dash for a missing value, with the reason for the pointer and for screen readers."""
    pattern = '<span class="soft" title="{0}">–<span class="unseen"> {0}</span></span>'
    return format_html(pattern, reason)


def render_rate_or_gap(counts: tuple[int, int] | None, gap: str) -> SafeString:
    """Show a rate; a dash with the reason, also for those who hear the page, if it is missing."""
    if gap or counts is None:
        return render_gap(gap)
    return escape(formatting.format_rate(*counts))


@register.simple_tag(name="risk_gap")
def render_risk_gap(report: Report) -> SafeString:
    """Show a dash where no evaluation of a risk fails, with the reason if no risk is known."""
    if report.failing and not (report.failing_high or report.failing_medium or report.failing_low):
        return render_gap(gettext("no risk levels are stated"))
    return format_html('<span class="soft">{}</span>', "–")


@register.simple_tag(name="compliant_count")
def render_compliant_count(result: RuleResult) -> SafeString:
    """Show how many resources comply with a rule; a dash if the report does not list them."""
    if not result.compliant and Status.COMPLIANT not in result.report.listed_statuses:
        return render_gap(gettext("The file does not list these row by row."))
    return escape(formatting.format_number(result.compliant))


@register.simple_tag(name="evaluation_rate")
def render_evaluation_rate(report: rates.Rated) -> SafeString:
    return render_rate_or_gap(report.rate_counts, rates.explain_evaluation_gap(report))


@register.simple_tag(name="resource_rate")
def render_resource_rate(report: rates.Rated) -> SafeString:
    return render_rate_or_gap(report.resource_rate_counts, rates.explain_resource_gap(report))


@register.simple_tag(name="icon_label")
def render_icon_label(slug: str, text: str) -> SafeString:
    """Show a text with the icon and colour of a status; `slug` is a key of ICON_PATHS."""
    return format_html(
        '<span class="status" data-status="{}"><svg viewBox="0 0 12 12" aria-hidden="true">'
        '<path d="{}"/></svg>{}</span>',
        slug,
        ICON_PATHS[slug],
        text,
    )


@register.simple_tag(name="status_mark")
def render_status_mark(status: int) -> SafeString:
    """Show the icon and the name of a status; `status` is a value of Status."""
    return render_icon_label(Status(status).slug, str(Status(status).label))


@register.simple_tag(name="risk_mark")
def render_risk_mark(risk: int) -> SafeString:
    """Show a risk as three blocks, more of them filled for a higher risk, and its name."""
    level = Risk(risk)
    if level is Risk.NOT_STATED:
        return format_html('<span class="risk soft">{}</span>', level.label)
    blocks = [f"M{x}.5 .5h3v9h-3z" for x in (0, 5, 10)]
    return format_html(
        '<span class="risk" data-risk="{}"><svg viewBox="0 0 14 10" aria-hidden="true">'
        '<path d="{}"/><path class="full" d="{}"/></svg>{}</span>',
        level.slug,
        "".join(blocks),
        "".join(blocks[: 4 - level]),  # high is 1 and fills 3 blocks, low is 3 and fills 1
        level.label,
    )


@register.simple_tag(name="first_seen")
def render_first_seen(first_seen: tuple[dt.datetime, bool] | None) -> SafeString:
    """Show the first report with a status: its time, and whether the archive begins with it.

    Where the archive begins with it, the status began no later than that.
    """
    if first_seen is None:
        return QUIET_DASH
    moment, is_archive_start = first_seen
    if not is_archive_start:
        return render_time(moment)
    text = escape(gettext("no later than %(time)s")) % {"time": render_time(moment)}
    reason = gettext("the first report of the pack in this archive")
    return format_html('<span title="{}">{}</span>', reason, SafeString(text))


@register.simple_tag(name="lang_attribute")
def render_lang_attribute(text: str) -> SafeString:
    """Return ` lang="zh-hans"` or ` lang="en"` if the text is not in the page's language.

    A text with a Chinese character is Chinese, any other text is English.
    """
    language = "zh-hans" if CHINESE.search(text) else "en"
    return SafeString() if language == get_language() else format_html(' lang="{}"', language)
