"""A folder of old files, imported by the command."""

import datetime as dt
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from django.conf import settings

from dashboard.models import Report
from tests.bench.bench_site import BenchSite
from tests.bench.generated_rows import BENCH_ACCOUNT_UID
from tests.bench.measurements import Measurement
from tests.bench.timers import run_job

IMPORT_ROUNDS = 3
FIRST_MONDAY = dt.date(2025, 1, 6)


def measure(site: BenchSite) -> Iterator[Measurement]:
    rows, weeks = site.scale_size(2_000), site.scale_size(52)
    files = [site.get_xls_file(rows, step) for step in range(weeks)]
    floor_times, import_times = [], []
    for round_number in range(IMPORT_ROUNDS):
        pack_id = f"cp-import{round_number}"
        folder = copy_files_for_import(files, site.folder / pack_id, pack_id)
        shutil.rmtree(settings.MEDIA_ROOT / "readings", ignore_errors=True)
        floor_times.append(run_job("read-with-xlrd", *files).seconds)
        import_times.append(time_import(folder))
        ready = Report.objects.ready().filter(pack__pack_id=pack_id).count()
        if ready != weeks:
            raise SystemExit(f"{ready} of {weeks} imported reports are ready")
    label = f"import of {weeks} files of {rows:,} rows / bare reading"
    ours, floor = median(import_times), median(floor_times)
    note = f"{ours:.1f} s / {floor:.1f} s"
    yield Measurement(label, ours / floor, 2.0, note=note)


def copy_files_for_import(files: list[Path], folder: Path, pack_id: str) -> Path:
    """Copy the files under the cloud's names, one per week, and return the folder."""
    folder.mkdir()
    for week, file in enumerate(files):
        monday = FIRST_MONDAY + dt.timedelta(weeks=week)
        name = f"{BENCH_ACCOUNT_UID}-{pack_id}-report-{monday:%Y%m%d}0900.xls"
        shutil.copy(file, folder / name)
    return folder


def time_import(folder: Path) -> float:
    """Return the seconds of the import command."""
    command = (sys.executable, "manage.py", "import_reports", "--create", str(folder))
    started_at = time.perf_counter()
    subprocess.run(command, cwd=settings.ROOT, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started_at
