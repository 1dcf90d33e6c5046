"""Command: run the worker of the queue.

This is huey's own command. It is imported here because huey is not in INSTALLED_APPS, where every
command would load it.
"""

from huey.contrib.djhuey.management.commands.run_huey import Command

__all__ = ["Command"]
