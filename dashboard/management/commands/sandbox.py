"""Command: run the sandbox, a local server that imitates the API of Alibaba Cloud Config.

A *fault* is a failure that the sandbox simulates.
"""

import signal
import sys
from argparse import ArgumentTypeError
from datetime import datetime
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
            "--evaluation-seconds",
            type=float,
            default=6,
            help="how long an evaluation takes that a client starts",
        )
        parser.add_argument(
            "--token-seconds",
            type=float,
            default=3600,
            help="how long the token of a page of evaluation results works",
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
            "--past-until",
            type=parse_time,
            metavar="TIME",
            help="the end of the past weeks, as 2026-01-31T12:00:00+08:00; the start by default",
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
            "--layout",
            choices=("documented", "newer", "older"),
            default="documented",
            help="the sheets and columns of the report files of --many",
        )
        parser.add_argument(
            "--fault",
            action="append",
            default=[],
            type=parse_fault,
            metavar="NAME[:OPERATION]",
            help=f"a simulated failure, of one operation or of all: {', '.join(FAULTS)}",
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


def parse_time(text: str) -> datetime:
    """Return a time with its time zone; raise ArgumentTypeError if the text is none."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"not a time: {text}") from None
    if time.tzinfo is None:
        raise ArgumentTypeError(f"without a time zone: {text}")
    return time


def parse_fault(text: str) -> tuple[str, str | None]:
    """Return the name of a fault and its operation; raise ArgumentTypeError if it is unknown."""
    name, _, operation = text.partition(":")
    if name not in FAULTS:
        raise ArgumentTypeError(f"no such fault: {name}; there are {', '.join(FAULTS)}")
    return name, operation or None


def create_sandbox(options: dict[str, Any]) -> Sandbox:
    """Return a sandbox configured by the command's options."""
    cloud_state = None
    if options["many"]:
        account_count, pack_count, row_count = options["many"]
        cloud_state = CloudState.create_many(
            account_count,
            pack_count,
            row_count,
            seed=options["seed"],
            past_weeks=options["past_weeks"],
            layout=options["layout"],
        )
    sandbox = Sandbox(
        cloud_state,
        limits=ASSUMED_LIMITS if options["limits"] else None,
        seed=options["seed"],
        generation_seconds=options["generation_seconds"],
        link_seconds=options["link_seconds"],
        large_rows=options["large_rows"],
        past_weeks=options["past_weeks"],
        past_until=options["past_until"],
        evaluation_seconds=options["evaluation_seconds"],
        token_seconds=options["token_seconds"],
    )
    for fault, operation in options["fault"]:
        if operation and operation not in sandbox.operation_names:
            names = ", ".join(sandbox.operation_names)
            raise CommandError(f"no such operation: {operation}; there are {names}")
        sandbox.faults.set(fault, on=operation)
    return sandbox
