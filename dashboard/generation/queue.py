"""The queue's task that advances reports.

An entry in the queue only makes a worker read the report's row, which says which step is due. So a
lost or repeated entry does no harm. Importing this module loads huey, so commands that do not need
the queue do not import it: they start faster.
"""

import logging

from django.db import transaction
from huey.api import TaskWrapper
from huey.contrib.djhuey import db_task

from dashboard.archive.machine_faults import log_machine_faults
from dashboard.generation import lifecycle

logger = logging.getLogger(__name__)


def schedule_step(report_id: int, delay: float = 0) -> None:
    """When the transaction commits, add the report's next step to the queue.

    The step runs `delay` seconds later.
    """
    transaction.on_commit(lambda: add_queue_entry(take_next_step, report_id, delay))


def add_queue_entry(task: TaskWrapper, row_id: int, delay: float = 0) -> None:
    """Add an entry to the queue. If the queue is away, the worker finds the row within a minute."""
    try:
        task.schedule((row_id,), delay=delay)
    except Exception as error:  # noqa: BLE001  each kind of queue raises errors of its own
        logger.warning(
            "The queue is away, %s %s waits: %s", task.task_class.__name__, row_id, error
        )


@db_task()  # type: ignore[untyped-decorator]
def take_next_step(report_id: int) -> None:
    """Take the report's next step, and schedule the following step if there is one."""
    with log_machine_faults(f"The next step of report {report_id}"):
        delay = lifecycle.advance_report(report_id)
        if delay is not None:
            schedule_step(report_id, delay)
