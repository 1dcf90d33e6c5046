"""The queue's task that advances reports.

An entry in the queue only makes a worker read the report's row, which says which step is due. So a
lost or repeated entry does no harm. Importing this module loads huey, so commands that do not need
the queue do not import it: they start faster.
"""

from django.db import transaction
from huey.contrib.djhuey import db_task

from dashboard.generation import lifecycle


def schedule_step(report_id: int, delay: float = 0) -> None:
    """When the transaction commits, add the report's next step to the queue.

    The step runs `delay` seconds later.
    """
    transaction.on_commit(lambda: take_next_step.schedule((report_id,), delay=delay))


@db_task()  # type: ignore[untyped-decorator]
def take_next_step(report_id: int) -> None:
    """Take the report's next step, and schedule the following step if there is one."""
    delay = lifecycle.advance_report(report_id)
    if delay is not None:
        schedule_step(report_id, delay)
