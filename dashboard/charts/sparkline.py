"""The template tag for a sparkline, the small trend in a table row."""

from collections.abc import Sequence
from itertools import pairwise

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from dashboard.text.formatting import format_rate
from dashboard.text.template_tags import QUIET_DASH

# In pixels; y coordinates count from the top.
DRAWING_WIDTH, DRAWING_HEIGHT = 94, 16
BOTTOM_Y, MIDDLE_Y = 20, 12
register = template.Library()


@register.simple_tag(name="sparkline")
def draw_sparkline(rate_counts: Sequence[tuple[int, int]]) -> SafeString:
    """Draw the rates of (compliant, failing) pairs, which are oldest first.

    Pairs without any evaluation are left out; if fewer than two pairs remain, draw a dash. The
    area above the line is coloured and the last point is marked. The label is for screen readers.
    """
    pairs = [pair for pair in rate_counts if sum(pair)]
    if len(pairs) < 2:
        return QUIET_DASH
    xs = [round(DRAWING_WIDTH * index / (len(pairs) - 1)) for index in range(len(pairs))]
    ys = compute_y_positions([compliant / (compliant + failing) for compliant, failing in pairs])
    # In an SVG path, a small l draws a line by a distance in x and y.
    steps = "".join(
        f"l{x2 - x1} {y2 - y1}" for (x1, y1), (x2, y2) in pairwise(zip(xs, ys, strict=True))
    )
    label = gettext("Resource rate %(first)s → %(last)s, %(count)s reports") % {
        "count": len(pairs),
        "first": format_rate(*pairs[0]),
        "last": format_rate(*pairs[-1]),
    }
    # The coloured area is closed outside the picture, at the left, at the right and above.
    return format_html(
        '<svg role="img" aria-label="{}"><path d="M-3-3V{}H0{}H99V-3"/>'
        '<circle cx="93" cy="{}" r="3"/></svg>',
        label,
        ys[0],
        steps,
        ys[-1],
    )


def compute_y_positions(rates: list[float]) -> list[int]:
    """Return the y coordinate of each rate: the highest rate at the top, the lowest at the bottom.

    If all rates are equal, they are in the middle.
    """
    lowest, spread = min(rates), max(rates) - min(rates)
    if not spread:
        return [MIDDLE_Y] * len(rates)
    return [round(BOTTOM_Y - DRAWING_HEIGHT * (rate - lowest) / spread) for rate in rates]
