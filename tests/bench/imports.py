"""A folder of old files, brought in by the command."""

import datetime as dt
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from statistics import median

from django.conf import settings

from dashboard.models import Report
from tests.bench import rows
from tests.bench.figures import Figure
from tests.bench.place import Place
from tests.bench.timing import alone

ROUNDS = 3


def measure(place: Place) -> Iterator[Figure]:
    number, weeks = place.size(2_000), place.size(52)
    files = [place.xls(number, step) for step in range(weeks)]
    bare, ours = [], []
    for turn in range(ROUNDS):
        folder = place.folder / f"import-{turn}"
        folder.mkdir()
        for week, file in enumerate(files):
            monday = dt.date(2025, 1, 6) + dt.timedelta(weeks=week)
            shutil.copy(
                file, folder / f"{rows.OWNER}-cp-import{turn}-report-{monday:%Y%m%d}0900.xls"
            )
        shutil.rmtree(settings.MEDIA_ROOT / "readings", ignore_errors=True)
        bare.append(alone("xlrd", *files).seconds)
        command = (sys.executable, "manage.py", "import_reports", str(folder))
        begun = time.perf_counter()
        subprocess.run(command, cwd=settings.ROOT, check=True, stdout=subprocess.DEVNULL)
        ours.append(time.perf_counter() - begun)
        ready = Report.objects.ready().filter(pack__pack_id=f"cp-import{turn}").count()
        if ready != weeks:
            raise SystemExit(f"{ready} of {weeks} imported reports are ready")
    what = f"import of {weeks} files of {number:,} rows / bare reading"
    yield Figure(
        what, median(ours) / median(bare), 1.5, note=f"{median(ours):.1f} s / {median(bare):.1f} s"
    )
