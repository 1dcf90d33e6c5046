"""The queue's task that imports the files of a batch.

Importing this module loads huey; commands that add nothing to the queue start faster without it.
"""

from django.db import transaction
from huey.contrib.djhuey import db_task

from dashboard.imports import batches


def schedule_batch(batch_id: int) -> None:
    """Add the batch to the queue after the commit, so that a worker imports its files."""
    transaction.on_commit(lambda: import_files_of_batch(batch_id))


@db_task()  # type: ignore[untyped-decorator]
def import_files_of_batch(batch_id: int) -> None:
    batches.import_waiting_files(batch_id)
