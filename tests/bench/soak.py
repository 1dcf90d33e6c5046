"""Load a whole installation for an hour: count its errors, time its pages, watch its memory.

The sandbox, the worker and the web server run on loopback, with their data in a temporary folder.
Every second a user presses Generate, for one pack after the other; three others load home, reports
and comparisons. At the end there is a table, and the exit code is 1 if anything went wrong.
DATABASE_URL may name a PostgreSQL server and QUEUE_URL a queue; otherwise both are SQLite files.
"""

import argparse
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.new_installation import create_bench_installation

if TYPE_CHECKING:
    from tests.bench.soak_clients import KnownReports, Traffic
    from tests.bench.soak_result import SoakResult
    from tests.bench.soak_samples import Sampler

PACKS_PER_ACCOUNT = 10  # of each of the sandbox's eight accounts
MAX_MINUTES = 24 * 60.0
VIEW_PAUSE = 0.25  # seconds from one view of a page to the next
SAMPLE_SECONDS = 30.0
REFRESH_SECONDS = 5.0  # how soon new reports become known to the users that load pages
LAST_RUNS_SECONDS = 120.0  # for the runs that are under way at the end


def main() -> None:
    options = parse_options()
    with create_bench_installation("dashboard.settings", "QUEUE_URL") as folder:
        import django

        django.setup()
        result = run_soak(options, folder)
        write_line("\n".join(result.build_lines()))
        error_count = result.count_errors()
    sys.exit(bool(error_count))


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0, help="at most a day")
    parser.add_argument("--requesters", type=int, default=1, help="users who press Generate")
    parser.add_argument("--pause", type=float, default=1.0, help="seconds between their presses")
    parser.add_argument("--packs", type=int, default=1_000, help="press for so many packs only")
    parser.add_argument("--workers", type=int, default=1, help="processes of the worker")
    options = parser.parse_args()
    options.minutes = min(options.minutes, MAX_MINUTES)
    return options


def run_soak(options: argparse.Namespace, folder: Path) -> "SoakResult":
    from django.conf import settings

    from dashboard.management.commands.demo import find_free_port, wait_for_port
    from tests.bench.simultaneous_reports import WORKER, start_manage_command, start_sandbox
    from tests.bench.soak_clients import KnownReports, Traffic
    from tests.bench.soak_result import SoakResult, fetch_generated_counts, load_runs
    from tests.bench.soak_samples import Sampler

    cloud, port = f"127.0.0.1:{find_free_port()}", find_free_port()
    settings.ENDPOINT_HOSTS = [cloud]
    hosts = {"DOWNLOAD_HOSTS": cloud, "ENDPOINT_HOSTS": cloud}
    logs = [folder / f"worker-{number}.log" for number in range(options.workers)]
    with ExitStack() as stack:
        sandbox = stack.enter_context(start_sandbox(cloud, PACKS_PER_ACCOUNT))
        pack_ids = prepare_installation(cloud)[: options.packs]
        serve = ("serve", "--port", str(port))
        site_log = folder / "site.log"
        site = stack.enter_context(start_manage_command(*serve, error_log=site_log, **hosts))
        workers = [
            stack.enter_context(start_manage_command(*WORKER, error_log=log, **hosts))
            for log in logs
        ]
        wait_for_port(port, site)
        time.sleep(3)  # until the worker and its reader have started
        sampler, traffic = Sampler(site, workers, sandbox), Traffic()
        apply_load(options, port, pack_ids, sampler, traffic, KnownReports())
        wait_for_last_runs()
        return SoakResult(
            sampler, traffic, load_runs(), fetch_generated_counts(cloud), [site_log, *logs]
        )


def prepare_installation(cloud: str) -> list[int]:
    """Create the tables, the user and the accounts of the sandbox; return the ids of the packs.

    The packs of the accounts alternate, so that no account is asked for many reports at once.
    """
    from django.contrib.auth.models import User
    from django.core.management import call_command

    from tests.bench.simultaneous_reports import create_sandbox_accounts
    from tests.bench.site_client import BENCH_PASSWORD, BENCH_USERNAME

    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    User.objects.create_superuser(BENCH_USERNAME, password=BENCH_PASSWORD)
    accounts = create_sandbox_accounts(cloud)
    packs = [list(account.packs.values_list("pk", flat=True)) for account in accounts]
    return [pack_id for pack_ids in zip(*packs, strict=True) for pack_id in pack_ids]


def apply_load(
    options: argparse.Namespace,
    port: int,
    pack_ids: list[int],
    sampler: "Sampler",
    traffic: "Traffic",
    known_reports: "KnownReports",
) -> None:
    """Let users press and load pages for the time of the soak, and take samples meanwhile."""
    from tests.bench.soak_clients import (
        PAGES,
        create_page_loader,
        create_requester,
        run_in_threads,
    )

    loaders = [create_page_loader(page, port, traffic, known_reports) for page in PAGES]
    requesters = [
        create_requester(port, traffic, pack_ids, in_turn=options.requesters == 1)
        for _number in range(options.requesters)
    ]
    started_at = time.monotonic()
    ends_at = started_at + 60 * options.minutes
    write_line(str(sampler.take_sample(0)))
    next_sample_at = started_at + SAMPLE_SECONDS
    with run_in_threads(loaders, VIEW_PAUSE), run_in_threads(requesters, options.pause):
        while (now := time.monotonic()) < ends_at:
            known_reports.refresh()
            if now >= next_sample_at:
                next_sample_at += SAMPLE_SECONDS
                sample = sampler.take_sample((now - started_at) / 60)
                write_line(f"{sample}; {traffic}")
            time.sleep(max(0.0, min(REFRESH_SECONDS, ends_at - time.monotonic())))
        sampler.take_sample((time.monotonic() - started_at) / 60)


def wait_for_last_runs() -> None:
    """Wait until no run is under way, for at most LAST_RUNS_SECONDS."""
    from dashboard.models import Report

    deadline = time.monotonic() + LAST_RUNS_SECONDS
    while Report.objects.under_way().exists() and time.monotonic() < deadline:
        time.sleep(1)


def write_line(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
