"""Command: serve the site."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from dashboard.management import web_server


class Command(BaseCommand):
    help = "Serves the site, with several processes and threads, until SIGTERM or Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="the address to listen on")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--processes", type=int, default=2)
        parser.add_argument("--threads", type=int, default=8, help="of each process")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Serve the site."""
        web_server.serve_site(
            options["host"], options["port"], options["processes"], options["threads"]
        )
