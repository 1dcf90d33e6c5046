"""Fails when a string is not translated, is fuzzy, or is missing from the compiled file; `make check` runs it."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import polib

ROOT = Path(__file__).resolve().parent.parent
FILE = Path("locale/zh_Hans/LC_MESSAGES/django.po")
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "var", "node_modules", "*_cache", "__pycache__")


def collected() -> polib.POFile:
    """The translations as they would be after collecting all strings anew."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "product"
        shutil.copytree(ROOT, copy, ignore=LEFT_OUT)
        command = [
            sys.executable,
            "manage.py",
            "makemessages",
            "-l",
            "zh_Hans",
            "--no-obsolete",
            "-v",
            "0",
        ]
        subprocess.run(command, cwd=copy, check=True)
        return polib.pofile(str(copy / FILE))


def main() -> int:
    wanting = [
        f"{place}: {entry.msgid!r} is {'fuzzy' if entry.fuzzy else 'not translated'}"
        for entry in collected()
        if entry.fuzzy or not entry.translated()
        for place in [":".join(entry.occurrences[0]) if entry.occurrences else "?"]
    ]
    source, compiled = (
        polib.pofile(str(ROOT / FILE)),
        polib.mofile(str(ROOT / FILE.with_suffix(".mo"))),
    )
    if {entry.msgid: entry.msgstr for entry in source} != {
        entry.msgid: entry.msgstr for entry in compiled
    }:
        wanting.append(f"{FILE.with_suffix('.mo')} is older than its source: make messages")
    sys.stderr.writelines(f"{line}\n" for line in wanting)
    return bool(wanting)


if __name__ == "__main__":
    sys.exit(main())
