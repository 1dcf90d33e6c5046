"""The queue's task that advances reports.

An entry in the queue is only a nudge: the row of the report says which step is due, so a lost or
repeated entry does no harm. Importing this module loads huey; commands that add nothing to the
queue start faster without it.
"""

from django.db import transaction
from huey.contrib.djhuey import db_task

from dashboard.generation import lifecycle


def schedule_step(report_id: int, delay: float = 0) -> None:
    """Add the report's next step to the queue after the commit, to run in `delay` seconds."""
    transaction.on_commit(lambda: take_next_step.schedule((report_id,), delay=delay))


@db_task()  # type: ignore[untyped-decorator]
def take_next_step(report_id: int) -> None:
    """Take the report's next step, and schedule the one after it."""
    delay = lifecycle.advance_report(report_id)
    if delay is not None:
        schedule_step(report_id, delay)
