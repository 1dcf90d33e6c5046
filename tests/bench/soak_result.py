"""The result of a soak: what went wrong, how long pages took, and how the memory grew."""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles

import httpx

from dashboard.models import Report
from tests.bench.soak_clients import PRESS, Traffic
from tests.bench.soak_samples import Sampler

ERROR_LINE = re.compile(rb"^\S+ \S+ (ERROR|CRITICAL) |^Traceback ")
LABEL_WIDTH = 52
MARKS = 4  # the soak is shown at its start and after each quarter
MAX_SHOWN_ERRORS = 10


@dataclass(frozen=True)
class Runs:
    """How the runs ended, and how many of each pack asked the cloud to generate."""

    state_counts: Counter[str]
    error_codes: Counter[str]
    submitted_by_pack: Counter[str]


def load_runs() -> Runs:
    rows = Report.objects.values_list(
        "state", "error_code", "pack__pack_id", "submitted_at", "joined"
    )
    runs = Runs(Counter(), Counter(), Counter())
    for state, error_code, pack_id, submitted_at, joined in rows:
        runs.state_counts[state] += 1
        if state == Report.State.FAILED:
            runs.error_codes[error_code] += 1
        if submitted_at and not joined:
            runs.submitted_by_pack[pack_id] += 1
    return runs


def fetch_generated_counts(cloud: str) -> Counter[str]:
    """Return how many reports the sandbox generated, by the id of the pack."""
    return Counter(httpx.get(f"http://{cloud}/-/calls", timeout=60).json()["generated"])


@dataclass(frozen=True)
class SoakResult:
    sampler: Sampler
    traffic: Traffic
    runs: Runs
    generated_by_pack: Counter[str]
    logs: list[Path]

    def count_errors(self) -> int:
        return sum(self._list_errors().values())

    def build_lines(self) -> list[str]:
        """Return the lines of the table."""
        return [*self._build_error_lines(), *self._build_page_lines(), *self._build_size_lines()]

    def _list_errors(self) -> dict[str, int]:
        """Return the number of errors by their kind; all are 0 after a soak without errors."""
        states = self.runs.state_counts
        ended = (Report.State.READY, Report.State.FAILED, Report.State.CANCELLED)
        packs = {*self.generated_by_pack, *self.runs.submitted_by_pack}
        return {
            "answers that are errors, or missing": self.traffic.bad_answers.total(),
            "failed or cancelled runs": states["failed"] + states["cancelled"],
            "runs that have not ended": states.total() - sum(states[state] for state in ended),
            "packs with more or fewer Generate calls than runs": sum(
                self.generated_by_pack[pack] != self.runs.submitted_by_pack[pack] for pack in packs
            ),
            "log lines of level ERROR": len(self._find_error_lines()),
        }

    def _find_error_lines(self) -> list[bytes]:
        return [
            line
            for log in self.logs
            for line in log.read_bytes().splitlines()
            if ERROR_LINE.match(line)
        ]

    def _build_error_lines(self) -> list[str]:
        lines = [format_line(kind, f"{count:,}") for kind, count in self._list_errors().items()]
        causes = self.traffic.bad_answers + self.runs.error_codes
        lines += [f"  {cause}: {count}" for cause, count in causes.most_common(MAX_SHOWN_ERRORS)]
        error_lines = self._find_error_lines()[:MAX_SHOWN_ERRORS]
        return lines + [f"  {line.decode(errors='replace')}" for line in error_lines]

    def _build_page_lines(self) -> list[str]:
        counts = self.runs.state_counts
        generated = self.generated_by_pack.total()
        lines = [
            format_line("reports made", f"{counts['ready']:,}"),
            format_line("  Generate calls in the cloud", f"{generated:,}"),
            format_line("requests, and their time in ms", "count", "p50", "p95", "max"),
        ]
        for page, seconds in sorted(self.traffic.seconds_by_page.items()):
            label = f"  press on {PRESS}" if page == PRESS else f"  {page}"
            cuts = quantiles(seconds, n=20) if len(seconds) > 1 else seconds * 19
            times = (f"{1000 * value:,.0f}" for value in (cuts[9], cuts[18], max(seconds)))
            lines.append(format_line(label, f"{len(seconds):,}", *times))
        return lines

    def _build_size_lines(self) -> list[str]:
        end = self.sampler.samples[-1].minutes
        marks = [end * number / MARKS for number in range(MARKS + 1)]
        samples = [self.sampler.find_sample(mark) for mark in marks]
        head = [f"{sample.minutes:.3g} min" for sample in samples]
        lines = [format_line("MiB, of the largest process", *head, "MiB/h")]
        for figure in samples[0].figures:
            values = [f"{sample.figures[figure]:,.1f}" for sample in samples]
            slope = f"{self.sampler.compute_slope(figure):+,.1f}"
            lines.append(format_line(f"  {figure}", *values, slope))
        loads = [sample.load for sample in self.sampler.samples]
        lowest_and_highest = (f"{load:.1f}" for load in (min(loads), max(loads)))
        return [*lines, format_line("load of the machine: lowest, highest", *lowest_and_highest)]


def format_line(label: str, *values: object) -> str:
    return f"{label:<{LABEL_WIDTH}}" + "".join(f"{value:>11}" for value in values)
