"""The small trend in a table row."""

from collections.abc import Sequence
from itertools import pairwise

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from dashboard.text.formatting import format_rate
from dashboard.text.template_tags import QUIET_DASH

WIDTH_OF_LINE = 94
BOTTOM, LINE_HEIGHT, MIDDLE = 20, 16, 12
register = template.Library()


@register.simple_tag(name="sparkline")
def draw_sparkline(rated: Sequence[tuple[int, int]]) -> SafeString:
    """Draw the rates of (compliant, failing) pairs, oldest first; a dash for fewer than two.

    The area above the line is tinted, the last point marked, and the label says the same in words.
    """
    judged = [pair for pair in rated if sum(pair)]
    if len(judged) < 2:
        return QUIET_DASH
    xs = [round(WIDTH_OF_LINE * index / (len(judged) - 1)) for index in range(len(judged))]
    ys = compute_y_positions([compliant / (compliant + failing) for compliant, failing in judged])
    steps = "".join(
        f"l{x2 - x1} {y2 - y1}" for (x1, y1), (x2, y2) in pairwise(zip(xs, ys, strict=True))
    )
    label = gettext("%(first)s → %(last)s, %(count)s reports") % {
        "count": len(judged),
        "first": format_rate(*judged[0]),
        "last": format_rate(*judged[-1]),
    }
    # The outline leaves the picture at the left, at the right and above.
    return format_html(
        '<svg role="img" aria-label="{}"><path d="M-3-3V{}H0{}H99V-3"/>'
        '<circle cx="93" cy="{}" r="3"/></svg>',
        label,
        ys[0],
        steps,
        ys[-1],
    )


def compute_y_positions(rates: list[float]) -> list[int]:
    """Return a y for each rate; the lowest and the highest rate use the whole height."""
    lowest, spread = min(rates), max(rates) - min(rates)
    if not spread:
        return [MIDDLE] * len(rates)
    return [round(BOTTOM - LINE_HEIGHT * (rate - lowest) / spread) for rate in rates]
