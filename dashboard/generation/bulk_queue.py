"""The queue's task that advances bulk requests.

Importing this module loads huey, so commands that do not need the queue do not import it: they
start faster.
"""

from django.db import transaction
from huey.contrib.djhuey import db_task

from dashboard.archive.machine_faults import log_machine_faults
from dashboard.generation import bulk_requests
from dashboard.generation.queue import add_queue_entry


def schedule_bulk_request(pk: int, delay: float = 0) -> None:
    """When the transaction commits, add the next step of the bulk request to the queue.

    The step runs `delay` seconds later.
    """
    transaction.on_commit(lambda: add_queue_entry(take_next_bulk_step, pk, delay))


@db_task()  # type: ignore[untyped-decorator]
def take_next_bulk_step(pk: int) -> None:
    """Take the next step of a bulk request, and schedule the following one if there is one."""
    with log_machine_faults(f"The next step of bulk request {pk}"):
        delay = bulk_requests.advance_bulk_request(pk)
        if delay is not None:
            schedule_bulk_request(pk, delay)
