"""Several browsers at once, each with its own connection and session."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

from tests.bench.bench_site import BenchSite
from tests.bench.site_client import open_site_client

BROWSERS = 8


def measure_eight_browsers(site: BenchSite, paths: list[str]) -> list[float]:
    """Return the 95th percentile of the seconds that each page takes while eight browsers ask."""
    rounds = max(5, site.request_count // 5)
    with ThreadPoolExecutor(BROWSERS) as pool:
        results = list(
            pool.map(lambda _browser: browse(site.server.port, paths, rounds), range(BROWSERS))
        )
    return [
        find_percentile([seconds for result in results for seconds in result[path]], 95)
        for path in paths
    ]


def browse(port: int, paths: list[str], rounds: int) -> dict[str, list[float]]:
    """Open the pages in turn; return the seconds of each opening by path."""
    seconds: dict[str, list[float]] = {path: [] for path in paths}
    with closing(open_site_client(port)) as client:
        for _ in range(rounds):
            for path in paths:
                started_at = time.perf_counter()
                if client.get(path).status_code != 200:
                    raise SystemExit(f"{path} did not answer as it should")
                seconds[path].append(time.perf_counter() - started_at)
    return seconds


def find_percentile(values: list[float], percent: int) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]
