"""The queue's task that imports the files of a batch.

Importing this module loads huey, so commands that do not need the queue do not import it: they
start faster.
"""

from django.db import transaction
from huey.contrib.djhuey import db_task

from dashboard.archive.machine_faults import log_machine_faults
from dashboard.generation.queue import add_queue_entry
from dashboard.imports import batches


def schedule_batch(batch_id: int) -> None:
    """When the transaction commits, add the batch to the queue, so that a worker imports it."""
    transaction.on_commit(lambda: add_queue_entry(import_files_of_batch, batch_id))


@db_task()  # type: ignore[untyped-decorator]
def import_files_of_batch(batch_id: int) -> None:
    """Import the batch's waiting files in the worker. A plain call only adds a queue entry."""
    with log_machine_faults(f"The import of batch {batch_id}"):
        batches.import_waiting_files(batch_id)
