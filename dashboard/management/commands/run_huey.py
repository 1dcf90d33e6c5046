"""Command: run the worker of the queue.

This is huey's own command with a shorter log. It is here because huey is not in INSTALLED_APPS,
where every command would load it.
"""

import logging
from typing import Any

from huey.contrib.djhuey.management.commands.run_huey import Command as HueyCommand

from dashboard.database.queue_faults import QueueFaultFilter
from dashboard.management.command_line import DatabaseCommand


class Command(HueyCommand, DatabaseCommand):  # type: ignore[misc]
    def handle(self, *arguments: Any, **options: Any) -> None:
        """Run the worker until it is stopped."""
        logging.getLogger("huey").propagate = False  # else each line is logged twice
        queue_faults = QueueFaultFilter()
        for name in ("huey.consumer.Worker", "huey.consumer.Scheduler"):
            logging.getLogger(name).addFilter(queue_faults)
        super().handle(*arguments, **options)
