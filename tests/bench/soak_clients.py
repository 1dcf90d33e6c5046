"""The users of a soak: some request reports, others load pages, each with a thread of its own."""

import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx

from dashboard.models import Report
from tests.bench.site_client import open_site_client

MAX_KNOWN_REPORTS = 5_000  # the newest ones; pages of older reports are not loaded
ERROR_STATUS = 400


class Traffic:
    """What all users of a soak did: requests by their page, and those that went wrong."""

    def __init__(self) -> None:
        self.seconds_by_page: dict[str, list[float]] = defaultdict(list)
        self.bad_answers: Counter[str] = Counter()
        self._lock = threading.Lock()

    def send(self, client: httpx.Client, page: str, method: str, path: str) -> None:
        """Send a request, and record its time or what went wrong.

        Redirections are answers like any other; they are not followed.
        """
        started_at = time.perf_counter()
        headers = {"x-csrftoken": client.cookies["csrftoken"]}
        try:
            status = client.request(method, path, headers=headers).status_code
            problem = f"{page}: {status}" if status >= ERROR_STATUS else ""
        except httpx.HTTPError as error:
            problem = f"{page}: {type(error).__name__}"
        with self._lock:
            self.seconds_by_page[page].append(time.perf_counter() - started_at)
            if problem:
                self.bad_answers[problem] += 1

    def __str__(self) -> str:
        counts = (f"{page} {len(times)}" for page, times in list(self.seconds_by_page.items()))
        return ", ".join([*counts, f"{self.bad_answers.total()} errors"])


class KnownReports:
    """The ready reports whose pages can be loaded; `refresh` reads them from the database."""

    def __init__(self) -> None:
        self._ids_by_pack: dict[int, list[int]] = {}

    def refresh(self) -> None:
        reports = Report.objects.ready().order_by("-pk").values_list("pack_id", "pk")
        ids_by_pack: dict[int, list[int]] = defaultdict(list)
        for pack_id, report_id in reports[:MAX_KNOWN_REPORTS]:
            ids_by_pack[pack_id].append(report_id)
        self._ids_by_pack = dict(ids_by_pack)

    def choose_home(self) -> str:
        return "/"

    def choose_report(self) -> str | None:
        """Return the path of a report, the newest of its pack in every other case."""
        choice = self._choose_reports(1)
        return choice and f"/reports/{choice[1][0]}/"

    def choose_comparison(self) -> str | None:
        """Return the path of a comparison, of the two newest reports in every other case."""
        choice = self._choose_reports(2)
        if choice is None:
            return None
        pack_id, (newer, older) = choice
        return f"/packs/{pack_id}/compare/{older}/{newer}/"

    def _choose_reports(self, count: int) -> tuple[int, list[int]] | None:
        """Return a pack and so many of its reports, newest first; None if no pack has so many."""
        choices = [item for item in self._ids_by_pack.items() if len(item[1]) >= count]
        if not choices:
            return None
        pack_id, ids = random.choice(choices)
        if random.random() < 0.5:
            return pack_id, ids[:count]
        return pack_id, sorted(random.sample(ids, count), reverse=True)


PAGES: dict[str, Callable[[KnownReports], str | None]] = {
    "home": KnownReports.choose_home,
    "report": KnownReports.choose_report,
    "comparison": KnownReports.choose_comparison,
}
PRESS = "Generate"


@contextmanager
def run_in_threads(actions: list[Callable[[], None]], pause: float) -> Iterator[None]:
    """Repeat each action in a thread of its own until the `with` block ends.

    An action begins `pause` seconds after it began before, or at once if it took longer.
    """
    stopped = threading.Event()

    def repeat(action: Callable[[], None]) -> None:
        next_at = time.monotonic()
        while not stopped.wait(max(0.0, next_at - time.monotonic())):
            next_at = max(next_at, time.monotonic() - pause) + pause
            action()

    threads = [threading.Thread(target=repeat, args=(action,)) for action in actions]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stopped.set()
        for thread in threads:
            thread.join()


def create_page_loader(
    page: str, port: int, traffic: Traffic, known_reports: KnownReports
) -> Callable[[], None]:
    """Return an action of a new client: load this page once, if there is a report to show."""
    client = open_site_client(port)
    choose_path = PAGES[page]

    def load_page() -> None:
        if path := choose_path(known_reports):
            traffic.send(client, page, "GET", path)

    return load_page


def create_requester(
    port: int, traffic: Traffic, pack_ids: list[int], *, in_turn: bool
) -> Callable[[], None]:
    """Return an action of a new client: press Generate once, for the next pack or a random one."""
    client = open_site_client(port)
    client.headers["HX-Request"] = "true"
    turn = 0

    def press_generate() -> None:
        nonlocal turn
        pack_id = pack_ids[turn % len(pack_ids)] if in_turn else random.choice(pack_ids)
        turn += 1
        client.headers["HX-Target"] = f"pack-{pack_id}"
        traffic.send(client, PRESS, "POST", f"/packs/{pack_id}/reports/")

    return press_generate
