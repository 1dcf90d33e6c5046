"""Command: serve the site."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.db import connection

from dashboard.database.faults import find_start_fault
from dashboard.management import web_server
from dashboard.management.command_line import DatabaseCommand, describe_fault


class Command(DatabaseCommand):
    help = "Serves the site, with several processes and threads, until SIGTERM or Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="the address to listen on")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--processes", type=int, default=2)
        parser.add_argument("--threads", type=int, default=8, help="of each process")

    def check_migrations(self) -> None:
        """Print why the database cannot be used: the pages say so too, until it can be.

        Raise CommandError if a newer version has changed its tables, or without static files.
        """
        code = find_start_fault()
        connection.close()  # the processes that are started do not share it
        if code == "database_newer":
            raise CommandError(describe_fault(code))
        if code:
            self.stderr.write(describe_fault(code))
        if not Path(settings.STATIC_ROOT, "staticfiles.json").exists():
            raise CommandError(
                "There are no static files yet. Run manage.py collectstatic --noinput, and start "
                "the site again."
            )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Serve the site."""
        web_server.serve_site(
            options["host"], options["port"], options["processes"], options["threads"]
        )
