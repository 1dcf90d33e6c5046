"""Site and worker start while the queue is away, and its worker's log stays short."""

import logging
import sqlite3
from pathlib import Path

import pytest

from dashboard.database.queue_faults import QueueFaultFilter
from dashboard.database.queues import PostgresQueue, SqliteQueue


def test_a_queue_whose_disk_is_full_is_made_when_it_is_used(tmp_path: Path) -> None:
    folder = tmp_path / "later"
    queue = SqliteQueue("ledger", filename=str(folder / "queue.sqlite3"))
    with pytest.raises(sqlite3.OperationalError):
        queue.storage.enqueue(b"entry")
    folder.mkdir()
    queue.storage.enqueue(b"entry")
    assert queue.storage.dequeue() == b"entry"
    queue.storage.close()


def test_a_queue_whose_server_is_away_stops_no_start() -> None:
    queue = PostgresQueue("ledger", dsn="postgresql://nobody@127.0.0.1:1/nothing")
    with pytest.raises(Exception, match="refused"):
        queue.storage.enqueue(b"entry")


def test_a_queue_that_is_away_takes_one_line_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("huey.consumer.Worker")
    queue_faults = QueueFaultFilter()
    logger.addFilter(queue_faults)
    try:
        for _try in range(5):
            try:
                raise OSError("no connection")
            except OSError:
                logger.exception("Error reading from queue")
        try:
            raise ValueError("a defect")
        except ValueError:
            logger.exception("Unhandled error during execution of task %s.", 1)
    finally:
        logger.removeFilter(queue_faults)
    messages = [(record.levelname, record.getMessage()) for record in caplog.records]
    assert messages == [
        ("WARNING", "The queue does not answer; it is tried again: no connection"),
        ("ERROR", "Unhandled error during execution of task 1."),
    ]
    assert [bool(record.exc_info) for record in caplog.records] == [False, True]
