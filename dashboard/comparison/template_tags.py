"""The template tag that shows what came and left since the report before."""

from collections.abc import Mapping
from typing import Protocol

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from dashboard.comparison.change_reasons import (
    ChangeDirection,
    describe_reason_counts,
    parse_stored_counts,
)
from dashboard.text.formatting import format_number
from dashboard.text.template_tags import QUIET_DASH, render_gap

register = template.Library()


class CountedChanges(Protocol):
    """What a report and each of its rules have counted."""

    @property
    def came(self) -> int | None: ...
    @property
    def left(self) -> int | None: ...
    @property
    def changes_by_reason(self) -> Mapping[str, int] | None: ...


@register.simple_tag(name="change")
def render_change(counted: CountedChanges, url: str = "", rule: int | None = None) -> SafeString:
    """Show how many came and left with their parts, each as a link to its rows if there is a URL.

    `rule` limits these rows to one rule. Without counts there is a dash with its reason.
    """
    if counted.came is None or counted.left is None:
        return render_gap(explain_missing_counts(counted))
    if not counted.came and not counted.left:
        return render_gap(gettext("no change since the last report"))
    rule_query = "" if rule is None else f"&rule={rule}"
    links = [
        render_direction(counted, direction, url and f"{url}?direction={direction}{rule_query}")
        for direction in ChangeDirection
        if getattr(counted, direction)
    ]
    return SafeString(" ".join(links))


@register.simple_tag(name="change_sum")
def render_change_sum(came: int, left: int, came_url: str = "") -> SafeString:
    """Show how many came and left in several packs, or a dash; `came_url` links what came."""
    texts = []
    if came:
        pattern = (
            '<a class="came" href="{1}">{0}</a>' if came_url else '<span class="came">{}</span>'
        )
        text = describe_counted_direction(ChangeDirection.CAME, came)
        texts.append(format_html(pattern, text, came_url))
    if left:
        text = describe_counted_direction(ChangeDirection.LEFT, left)
        texts.append(format_html('<span class="left">{}</span>', text))
    return SafeString(" ".join(texts)) if texts else QUIET_DASH


def explain_missing_counts(counted: CountedChanges) -> str:
    if counted.changes_by_reason is None:
        return gettext("not counted yet: the worker does it within minutes")
    return gettext("nothing to compare with: no report before, or a file lists no failing rows")


def render_direction(
    counted: CountedChanges, direction: ChangeDirection, link_url: str
) -> SafeString:
    """Show the number of a direction; its parts are in the title and, unseen, in the text."""
    text = describe_counted_direction(direction, getattr(counted, direction))
    parts = describe_reason_counts(parse_stored_counts(counted.changes_by_reason), direction)
    content = format_html('{}<span class="unseen parts">: {}</span>', text, parts)
    if not link_url:
        return format_html('<span class="{}" title="{}">{}</span>', direction, parts, content)
    return format_html(
        '<a class="{}" href="{}" title="{}">{}</a>', direction, link_url, parts, content
    )


def describe_counted_direction(direction: ChangeDirection, count: int) -> SafeString:
    """Return the number of a direction in words, with its glyph.

    The words are marked, so that a narrow column can leave the glyph and the number.
    """
    if direction is ChangeDirection.CAME:
        text, glyph = gettext("%(count)s new failing"), "▲"
    else:
        text, glyph = gettext("%(count)s no longer failing"), "▼"
    # The words stand after the number in English, before it in Chinese.
    before, _number, after = text.partition("%(count)s")
    parts = (glyph, mark_words(before), format_number(count), mark_words(after))
    return format_html("{} {}{}{}", *parts)


def mark_words(text: str) -> SafeString:
    """Return words that a narrow column can leave out; an empty text as it is."""
    return format_html('<span class="words">{}</span>', text) if text else SafeString()
