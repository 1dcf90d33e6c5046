"""Run the worker; huey's own command, without huey among the installed apps, where every command would load it."""

from huey.contrib.djhuey.management.commands.run_huey import Command

__all__ = ["Command"]
