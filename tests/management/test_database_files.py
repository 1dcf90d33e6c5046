"""Databases that an earlier version has created are closed to other users at the next start."""

import os
import subprocess
import sys
from pathlib import Path

from django.conf import settings


def test_existing_database_files_become_private_at_the_start(tmp_path: Path) -> None:
    names = [
        f"{database}.sqlite3{ending}"
        for database in ("ledger", "queue")
        for ending in ("", "-wal", "-shm")
    ]
    for name in names:
        (tmp_path / name).touch(mode=0o644)
        (tmp_path / name).chmod(0o644)
    others = ("DATABASE_URL", "QUEUE_URL")
    environment = {name: value for name, value in os.environ.items() if name not in others}
    subprocess.run(
        [sys.executable, "-c", "from dashboard import settings"],
        cwd=settings.ROOT,
        env={**environment, "VAR_DIR": str(tmp_path)},
        check=True,
    )
    modes = {name: (tmp_path / name).stat().st_mode & 0o777 for name in names}
    assert modes == dict.fromkeys(names, 0o600)
