"""Draw the timelines of a resource as SVG bars with the same time scale.

A timeline is the list of statuses that one rule gave the resource; a bar has a block for each
period with the same status.
"""

import datetime as dt
from collections.abc import Iterator

from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from dashboard.models import Status
from dashboard.queries.resource_history import Timeline
from dashboard.text.formatting import format_page_time

BAR_WIDTH, BAR_HEIGHT = 400, 14
# The y coordinates of the blocks' tops, counted from the top of the bar. Blocks of different height
# show the status without colour: failing is highest, compliant lowest.
BLOCK_TOPS = {Status.NON_COMPLIANT: 0, Status.COMPLIANT: 8}
OTHER_BLOCK_TOP = 4
DESCRIBED_PERIODS = 6  # so many of the newest periods are in the label of a bar


def draw_timeline_bars(timelines: list[Timeline]) -> list[SafeString]:
    """Return an SVG bar for each timeline; all go from the resource's first period until now."""
    starts = [period.start for timeline in timelines for period in timeline.periods]
    start, now = min(starts, default=timezone.now()), timezone.now()
    return [draw_timeline_bar(timeline, start, now) for timeline in timelines]


def draw_timeline_bar(timeline: Timeline, start: dt.datetime, now: dt.datetime) -> SafeString:
    """Return the SVG bar of a timeline, with its newest periods in words for screen readers."""
    periods = timeline.periods[-DESCRIBED_PERIODS:]
    description = _(", ").join(
        f"{period.status.label} {format_page_time(period.start)}" for period in periods
    )
    return format_html(
        '<svg class="timeline" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" '
        'aria-label="{}: {}">{}</svg>',
        BAR_WIDTH,
        BAR_HEIGHT,
        timeline.rule.name,
        description,
        format_html_join(
            "",
            '<rect data-status="{}" x="{}" y="{}" width="{}" height="{}">'
            "<title>{} {}</title></rect>",
            list_blocks(timeline, start, now),
        ),
    )


def list_blocks(
    timeline: Timeline, start: dt.datetime, now: dt.datetime
) -> Iterator[tuple[str, str, int, str, int, str, str]]:
    """Yield the values of the block of each period, for the placeholders of a <rect>.

    They are the slug of the status, x, y, width, height, the status label and the start time.
    """
    seconds = (now - start).total_seconds() or 1  # never divide by zero

    def compute_x(time: dt.datetime) -> float:
        return BAR_WIDTH * (time - start).total_seconds() / seconds

    for period in timeline.periods:
        status = period.status
        x, end_x = compute_x(period.start), compute_x(period.end or now)
        top = BLOCK_TOPS.get(status, OTHER_BLOCK_TOP)
        # A block is at least 1 wide, so that a short period can be seen.
        width, height = f"{max(1, end_x - x):.1f}", BAR_HEIGHT - top
        label, time = str(status.label), format_page_time(period.start)
        yield status.slug, f"{x:.1f}", top, width, height, label, time
