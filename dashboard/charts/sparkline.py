"""The template tags for sparklines, the small trends in table rows."""

from collections.abc import Sequence
from itertools import pairwise

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from dashboard.text.formatting import format_number, format_rate
from dashboard.text.template_tags import QUIET_DASH

# In pixels; y coordinates count from the top.
DRAWING_WIDTH, DRAWING_HEIGHT = 94, 16
BOTTOM_Y, MIDDLE_Y = 20, 12
ABOVE_Y, BELOW_Y = -3, 27  # outside the picture
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
    label = gettext("Resource rate %(first)s → %(last)s, %(count)s reports") % {
        "count": len(pairs),
        "first": format_rate(*pairs[0]),
        "last": format_rate(*pairs[-1]),
    }
    rates = [compliant / (compliant + failing) for compliant, failing in pairs]
    return draw_sparkline_shape(rates, label, area_y=ABOVE_Y)


@register.simple_tag(name="count_sparkline")
def draw_count_sparkline(weekly_failing: Sequence[int]) -> SafeString:
    """Draw how many evaluations failed at the end of each week, oldest first.

    If none ever failed, draw a dash. The area below the line is coloured.
    """
    if not any(weekly_failing):
        return QUIET_DASH
    label = gettext("Failing %(first)s → %(last)s in %(count)s weeks") % {
        "count": len(weekly_failing),
        "first": format_number(weekly_failing[0]),
        "last": format_number(weekly_failing[-1]),
    }
    return draw_sparkline_shape(weekly_failing, label, area_y=BELOW_Y)


def draw_sparkline_shape(values: Sequence[float], label: str, area_y: int) -> SafeString:
    """Draw at least two values from left to right, the highest at the top.

    The area between the line and `area_y` is coloured, the last point is marked.
    """
    xs = [round(DRAWING_WIDTH * index / (len(values) - 1)) for index in range(len(values))]
    ys = compute_y_positions(values)
    # In an SVG path, a small l draws a line by a distance in x and y.
    steps = "".join(
        f"l{x2 - x1} {y2 - y1}" for (x1, y1), (x2, y2) in pairwise(zip(xs, ys, strict=True))
    )
    # The coloured area is closed outside the picture, at the left, at the right and at `area_y`.
    return format_html(
        '<svg role="img" aria-label="{}"><path d="M-3{}V{}H0{}H99V{}"/>'
        '<circle cx="93" cy="{}" r="3"/></svg>',
        label,
        # A negative number needs no space before it.
        area_y if area_y < 0 else f" {area_y}",
        ys[0],
        steps,
        area_y,
        ys[-1],
    )


def compute_y_positions(values: Sequence[float]) -> list[int]:
    """Return the y coordinate of each value: the highest at the top, the lowest at the bottom.

    If all values are equal, they are in the middle.
    """
    lowest, spread = min(values), max(values) - min(values)
    if not spread:
        return [MIDDLE_Y] * len(values)
    return [round(BOTTOM_Y - DRAWING_HEIGHT * (value - lowest) / spread) for value in values]
