"""Command: run the sandbox, a local server that imitates the API of Alibaba Cloud Config.

A *fault* is a failure that the sandbox simulates.
"""

import signal
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dashboard.sandbox.call_log import ASSUMED_LIMITS
from dashboard.sandbox.cloud_state import CloudState
from dashboard.sandbox.faults import FAULTS
from dashboard.sandbox.server import create_server
from dashboard.sandbox.wsgi import Sandbox


class Command(BaseCommand):
    help = (
        "Serves an imitation of Alibaba Cloud Config on this machine, "
        "with two accounts, and prints their AccessKeys."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8300)
        parser.add_argument("--seed", type=int, default=7, help="random seed of the resources")
        parser.add_argument(
            "--generation-seconds", type=float, default=6, help="how long a report takes to make"
        )
        parser.add_argument(
            "--link-seconds", type=float, default=3600, help="how long a link works"
        )
        parser.add_argument(
            "--large-rows",
            type=int,
            default=3000,
            help="rows of the large pack; beyond 85,000 split over sheets",
        )
        parser.add_argument(
            "--past-weeks", type=int, default=0, help="how many weeks of past reports exist"
        )
        parser.add_argument(
            "--limits",
            action="store_true",
            help="limit calls as the real cloud is assumed to",
        )
        parser.add_argument(
            "--many",
            type=int,
            nargs=3,
            metavar=("ACCOUNTS", "PACKS", "ROWS"),
            help="serve this many instead of the demo's accounts",
        )
        parser.add_argument(
            "--fault",
            action="append",
            default=[],
            choices=FAULTS,
            help="a simulated failure",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print the address and the AccessKeys, and serve until SIGINT or SIGTERM."""
        sandbox = create_sandbox(options)
        try:
            server = create_server(sandbox, options["port"])
        except OSError as error:
            raise CommandError(f"port {options['port']} cannot be used: {error.strerror}") from None
        # SIGINT is set too, because a shell makes its background processes ignore it.
        for signal_number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(signal_number, lambda *_: sys.exit(0))
        self.stdout.write(f"Sandbox cloud at http://127.0.0.1:{server.server_port}")
        for account in sandbox.accounts:
            self.stdout.write(f"Account: {account.name} ({account.name_zh}), {account.uid}")
            self.stdout.write(f"AccessKey id: {account.access_key_id}")
            self.stdout.write(f"AccessKey secret: {account.access_key_secret}")
        self.stdout.flush()
        try:
            server.serve_forever()
        finally:
            server.server_close()


def create_sandbox(options: dict[str, Any]) -> Sandbox:
    """Return a sandbox configured by the command's options."""
    cloud_state = None
    if options["many"]:
        account_count, pack_count, row_count = options["many"]
        cloud_state = CloudState.create_many(account_count, pack_count, row_count, options["seed"])
    sandbox = Sandbox(
        cloud_state,
        limits=ASSUMED_LIMITS if options["limits"] else None,
        seed=options["seed"],
        generation_seconds=options["generation_seconds"],
        link_seconds=options["link_seconds"],
        large_rows=options["large_rows"],
        past_weeks=options["past_weeks"],
    )
    for fault in options["fault"]:
        sandbox.faults.set(fault)
    return sandbox
