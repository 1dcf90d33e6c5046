"""The template language's words for this product: times with their zone, rates, statuses, changes, trends."""

import datetime as dt
import re
from collections.abc import Sequence

from django import template
from django.urls import reverse
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext

from dashboard.models import Report, Risk, Status
from dashboard.text import formatting
from dashboard.text.formatting import format_number, format_rate, format_time

register = template.Library()
register.simple_tag(formatting.format_age, name="age")
register.simple_tag(formatting.format_rate, name="rate")
register.filter("clock", formatting.format_duration)
register.filter("elapsed", formatting.format_elapsed)
register.filter("middle", formatting.shorten_middle)
register.filter("number", formatting.format_number)
register.filter("size", formatting.format_size)

DASH = mark_safe('<span class="soft">–</span>')  # a literal
CHINESE = re.compile("[\u4e00-\u9fff]")
GLYPHS = {
    "failing": "M2 2l8 8M10 2l-8 8",
    "compliant": "M1.5 6.5l3 3 6-7",
    "ignored": "M6 1.2a4.8 4.8 0 1 0 .01 0zM2.6 2.6l6.8 6.8",
    "not-applicable": "M2 6h8",
    "insufficient-data": "M3.5 4a2.5 2.5 0 1 1 3.6 2.2Q6 6.8 6 8M6 10v1",
    "under-way": "M1.5 6h1M5.5 6h1M9.5 6h1",
}


@register.simple_tag
def time(value: dt.datetime | None) -> SafeString:
    """A moment in the reader's zone, with UTC in the title."""
    if value is None:
        return DASH
    utc = value.astimezone(dt.UTC)
    day, clock = f"{utc:%Y-%m-%d}", f"{utc:%H:%M:%S}"
    made = (
        f'<time datetime="{day}T{clock[:5]}Z" title="{day} {clock} UTC">{format_time(value)}</time>'
    )
    return mark_safe(made)  # noqa: S308  # digits, and a zone's name of letters


def aside(words: str, value: dt.datetime | None) -> SafeString:
    """A second time of a row, after the (escaped) words that say which: UTC in the title, and lighter than `time`."""
    if value is None:
        return mark_safe("")
    made = f'<small title="{value.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC">{words} {format_time(value)}</small>'
    return mark_safe(made)  # noqa: S308  # as above


@register.simple_tag
def rate_bar(compliant: int, failing: int) -> SafeString:
    """The rate as a thin bar, for the eye alone."""
    judged = compliant + failing
    if not judged:
        return mark_safe("")
    bar = f'<progress value="{compliant * 100 // judged / 100}" aria-hidden="true"></progress>'
    return mark_safe(bar)  # noqa: S308  # a number


@register.simple_tag
def mark(slug: str, words: str) -> SafeString:
    """A glyph and a word in a status' colour; the slugs are GLYPHS'."""
    return format_html(
        '<span class="status" data-status="{}"><svg viewBox="0 0 12 12" aria-hidden="true"><path d="{}"/></svg>'
        "{}</span>",
        slug,
        GLYPHS[slug],
        words,
    )


@register.simple_tag
def status_mark(status: int) -> SafeString:
    known = Status(status)
    return mark(known.slug, str(known.label))


@register.simple_tag
def risk_mark(risk: int) -> SafeString:
    """A risk as a word and a bar of three steps."""
    known = Risk(risk)
    if known is Risk.NOT_STATED:
        return format_html('<span class="risk soft">{}</span>', known.label)
    steps = [f"M{x}.5 .5h3v9h-3z" for x in (0, 5, 10)]
    full = 4 - known
    return format_html(
        '<span class="risk" data-risk="{}"><svg viewBox="0 0 14 10" aria-hidden="true">'
        '<path d="{}"/><path class="full" d="{}"/></svg>{}</span>',
        known.slug,
        "".join(steps),
        "".join(steps[:full]),
        known.label,
    )


@register.simple_tag
def change(new: int | None, fixed: int | None) -> SafeString:
    """What is new and what is fixed, in words and glyphs; nothing is a quiet dash."""
    if not new and not fixed:
        return DASH
    told = []
    if new:
        words = gettext("%(count)s new") % {"count": format_number(new)}
        told.append(f'<span class="new">▲ {escape(words)}</span>')
    if fixed:
        words = gettext("%(count)s fixed") % {"count": format_number(fixed)}
        told.append(f'<span class="fixed">▼ {escape(words)}</span>')
    return mark_safe(" ".join(told))  # noqa: S308  # escaped above


@register.simple_tag
def failing_link(report: Report, count: int, risk: str = "") -> SafeString:
    """A number of failing resources that leads to exactly those rows; none is a quiet dash."""
    if not count:
        return DASH
    query = {"status": Status.NON_COMPLIANT.slug, **({"risk": risk} if risk else {})}
    url = reverse("report-resources", kwargs={"report_id": report.pk}, query=query)
    return format_html('<a href="{}">{}</a>', url, format_number(count))


@register.simple_tag
def foreign(text: str) -> SafeString:
    """The `lang` attribute of a name that the cloud gave, where it is not in the page's language: " lang=zh-hans"."""
    language = "zh-hans" if CHINESE.search(text) else "en"
    return mark_safe("" if language == get_language() else f' lang="{language}"')  # noqa: S308  # one of two words


@register.simple_tag
def sparkline(points: Sequence[tuple[int, int]]) -> SafeString:
    """A trend of (compliant, failing), oldest first: what fails tinted, the last point in accent, the same in words."""
    rates = [
        compliant / (compliant + failing) for compliant, failing in points if compliant + failing
    ]
    if len(rates) < 2:
        return DASH
    low, spread = min(rates), max(rates) - min(rates)
    xs = [round(94 * i / (len(rates) - 1)) for i in range(len(rates))]
    ys = [round(20 - 16 * (value - low) / spread) if spread else 12 for value in rates]
    steps = "".join(
        f"l{x1 - x0} {y1 - y0}".replace(" -", "-")
        for x0, x1, y0, y1 in zip(xs, xs[1:], ys, ys[1:], strict=False)
    )
    judged = [point for point in points if sum(point)]
    told = gettext("%(first)s → %(last)s, %(count)s reports") % {
        "count": len(judged),
        "first": format_rate(*judged[0]),
        "last": format_rate(*judged[-1]),
    }
    # One outline that leaves the picture at both sides and above: what is over the line is the tinted area.
    return format_html(
        '<svg role="img" aria-label="{}"><path d="M-3-3V{}H0{}H99V-3"/><circle cx="93" cy="{}" r="3"/></svg>',
        told,
        ys[0],
        steps,
        ys[-1],
    )
