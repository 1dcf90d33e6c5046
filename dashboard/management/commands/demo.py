"""Command: run the web server, the worker and the sandbox cloud on this machine.

The sandbox is a local server that imitates the API of Alibaba Cloud Config.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, close_old_connections

from dashboard.archive.machine_faults import find_machine_fault
from dashboard.management import demo_company, demo_data
from dashboard.management.command_line import describe_fault
from dashboard.text.error_messages import explain_error
from dashboard.workbook.reader_server import end_with_parent

HOST = "127.0.0.1"
START_SECONDS = 60.0  # for a process to listen on its port; it takes two on an idle machine
END_SECONDS = 10.0  # for a process to end
PAUSE = 5.0  # seconds between two tries to prepare the data, while the disk is full
STATIC_BYTES = 16 * 2**20  # more than the static files take
Process = subprocess.Popen[bytes]


class Command(BaseCommand):
    help = "Runs the product against the sandbox cloud, all on loopback, until Ctrl-C."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument(
            "--fault",
            action="append",
            default=[],
            metavar="NAME[:OPERATION]",
            help="a failure that the sandbox simulates, such as forbidden:GetConfigRule; "
            "manage.py sandbox --help names all",
        )
        parser.add_argument(
            "--packs",
            type=int,
            default=0,
            help="show a company with so many packs, ten in an account, with made-up reports",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run the demo until Ctrl-C or SIGTERM, then stop its processes."""
        self.packs = options["packs"]
        port, sandbox_port = options["port"], find_free_port()
        if not is_port_free(port):
            raise CommandError(f"Port {port} is taken. Another will do: make demo PORT={port + 1}")
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        for name in ("DOWNLOAD_HOSTS", "ENDPOINT_HOSTS"):
            allow_host(name, f"{HOST}:{sandbox_port}")
        processes: list[Process] = []
        try:
            self.run(processes, port, sandbox_port, options["fault"])
        except KeyboardInterrupt:
            self.print_line("")
        finally:
            stop_processes(processes)

    def run(
        self, processes: list[Process], port: int, sandbox_port: int, faults: list[str]
    ) -> None:
        """Start the processes, add each to `processes`, and wait until one of them ends.

        Raises CommandError then: none of them should end before the demo.
        """
        prepare_installation()
        sandbox = start_sandbox(sandbox_port, faults, self.packs)
        processes.append(sandbox)
        wait_for_port(sandbox_port, sandbox)
        endpoint = f"http://{HOST}:{sandbox_port}"
        is_prepared = self.try_to_prepare_data(endpoint)
        web_server = start_web_server(port)
        processes.append(web_server)
        if is_prepared:
            processes.append(start_worker())
        wait_for_port(port, web_server)
        self.print_line(
            f"Compliance Ledger: http://{HOST}:{port}/  "
            f"sign in as {demo_data.NAME} / {demo_data.PASSWORD}"
        )
        self.print_line(f"Sandbox cloud: http://{HOST}:{sandbox_port}  (see docs/sandbox.md)")
        self.print_line("Ctrl-C ends it; the data stays in " + os.path.relpath(settings.VAR_DIR))
        while all(process.poll() is None for process in processes):
            time.sleep(0.5 if is_prepared else PAUSE)
            if not is_prepared:
                is_prepared = self.try_to_prepare_data(endpoint)
                if is_prepared:
                    processes.append(start_worker())
        raise CommandError("A process of the demo has ended; its output is above.")

    def try_to_prepare_data(self, endpoint: str) -> bool:
        """Prepare the data; return False if the disk is full or takes no changes.

        The pages can be read meanwhile, and runs wait: the worker starts afterwards.
        """
        close_old_connections()
        try:
            self.prepare_data(endpoint)
        except (DatabaseError, OSError) as error:
            fault = find_machine_fault(error)
            if fault is None:
                raise
            message = explain_error(fault.code, dict(fault.facts))
            self.print_line(f"{message.title}: the pages can be read, everything else waits.")
            return False
        return True

    def prepare_data(self, endpoint: str) -> None:
        """Create the demo's user and accounts; at the first start import a year of reports.

        An import that was interrupted goes on where it stopped. With --packs, a company is created
        instead.
        """
        if self.packs:
            demo_company.prepare_company(endpoint, self.packs, self.print_line)
            return
        demo_data.prepare_demo(endpoint)
        batch = demo_data.find_or_create_batch()
        if batch and not demo_data.is_complete(batch):
            self.print_line("A year of weekly reports is being imported; this happens once ...")
            start = time.monotonic()
            count = demo_data.import_demo_year(batch)
            self.print_line(f"{count} reports imported in {time.monotonic() - start:.0f} s.")

    def print_line(self, line: str) -> None:
        """Print a line at once, even into a file or a pipe."""
        self.stdout.write(line)
        self.stdout.flush()


def prepare_installation() -> None:
    """Bring the database and the static files up to date.

    Where the disk has no room for the static files, those of the last start are used. Raises
    CommandError where there are none.
    """
    try:
        call_command("migrate", verbosity=0)
        if shutil.disk_usage(settings.VAR_DIR).free > STATIC_BYTES or not has_static_files():
            call_command("collectstatic", interactive=False, verbosity=0)
    except (DatabaseError, OSError) as error:
        if fault := find_machine_fault(error):
            raise CommandError(describe_fault(fault.code, **fault.facts)) from error
        raise


def has_static_files() -> bool:
    return Path(settings.STATIC_ROOT, "staticfiles.json").exists()


def allow_host(name: str, host: str) -> None:
    """Add a host to a setting that is a list, in this process and in those that it starts."""
    hosts = [host, *getattr(settings, name)]
    setattr(settings, name, hosts)
    os.environ[name] = ",".join(hosts)


def is_port_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def find_free_port() -> int:
    """Return a port that no process uses."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))  # port 0: the system chooses a free port
        return int(probe.getsockname()[1])


def start_sandbox(port: int, faults: list[str], packs: int) -> Process:
    return start_process(
        *("manage.py", "sandbox", "--port", str(port), *list_data_options(packs)),
        *(f"--fault={fault}" for fault in faults),
        quiet=True,
    )


def list_data_options(packs: int) -> list[str]:
    """Return the options of the sandbox for its packs and the time of their past reports.

    That time is the same at every start; it is left out if there are no past reports, or while the
    disk is full or takes no changes.
    """
    options = ["--large-rows", str(demo_data.LARGE_PACK_ROWS), "--past-weeks", str(demo_data.WEEKS)]
    try:
        if packs:
            return demo_company.list_sandbox_options(packs)
        batch = demo_data.find_or_create_batch()
    except (DatabaseError, OSError) as error:
        if find_machine_fault(error) is None:
            raise
        return options
    return [*options, "--past-until", batch.at.isoformat()] if batch else options


def start_web_server(port: int) -> Process:
    return start_process("manage.py", "serve", "--host", HOST, "--port", str(port))


def start_worker() -> Process:
    return start_process("manage.py", "run_huey", "--workers", "4", "--max-delay", "1", "--quiet")


def start_process(*command: str, quiet: bool = False) -> Process:
    """Start a Python process with these arguments.

    It runs in a new session, so Ctrl-C reaches only the demo, which then stops the process. If the
    demo is killed, the process ends too. If `quiet` is true, its standard output is discarded.
    """
    return subprocess.Popen(
        [sys.executable, *command],
        cwd=settings.ROOT,
        stdout=subprocess.DEVNULL if quiet else None,
        start_new_session=True,
        preexec_fn=partial(end_with_parent, os.getpid(), signal.SIGTERM),
    )


def wait_for_port(port: int, process: Process) -> None:
    """Wait until a server listens on the port.

    Raises CommandError if `process` ends or does not listen within START_SECONDS.
    """
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return
        time.sleep(0.05)
    raise CommandError(f"Nothing listens on port {port}; the output of the process is above.")


def stop_processes(processes: list[Process]) -> None:
    """Ask the processes to end; kill those that still run after END_SECONDS."""
    for process in reversed(processes):
        process.terminate()
    for process in processes:
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
