"""The queue's module is loaded only by what adds entries to the queue."""

import subprocess
import sys

import pytest
from django.conf import settings

MODULES = [
    "dashboard.generation.lifecycle",
    "dashboard.imports.outcomes",
    "dashboard.imports.batches",
    "dashboard.management.commands.import_reports",
]


@pytest.mark.parametrize("module", MODULES)
def test_what_adds_nothing_to_the_queue_does_not_load_huey(module: str) -> None:
    lines = (
        "import importlib, sys, django",
        "django.setup()",
        f"importlib.import_module({module!r})",
        "sys.exit('huey' in sys.modules)",
    )
    subprocess.run([sys.executable, "-c", "\n".join(lines)], cwd=settings.ROOT, check=True)
