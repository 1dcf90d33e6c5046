"""Run the worker.

This is huey's own command. It is found here because huey is not an installed app: as one, it would
be loaded by every command.
"""

from huey.contrib.djhuey.management.commands.run_huey import Command

__all__ = ["Command"]
