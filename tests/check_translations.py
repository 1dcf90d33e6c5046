"""Check that every string is translated, none is fuzzy, and the compiled file is up to date."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import polib

ROOT = Path(__file__).resolve().parent.parent
CATALOG = Path("locale/zh_Hans/LC_MESSAGES/django.po")
IGNORED_FILES = shutil.ignore_patterns(
    ".git", ".venv", "var", "node_modules", "*_cache", "__pycache__"
)
COLLECT = ("manage.py", "makemessages", "-l", "zh_Hans", "--no-obsolete", "-v", "0")


def collect_messages() -> polib.POFile:
    """Return the catalog as `make messages` would write it, without changing the source."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "product"
        shutil.copytree(ROOT, copy, ignore=IGNORED_FILES)
        subprocess.run([sys.executable, *COLLECT], cwd=copy, check=True)
        return polib.pofile(str(copy / CATALOG))


def find_untranslated() -> list[str]:
    """Return one line for each string that is fuzzy or not translated."""
    lines = []
    for entry in collect_messages():
        if entry.fuzzy or not entry.translated():
            place = ":".join(entry.occurrences[0]) if entry.occurrences else "?"
            problem = "fuzzy" if entry.fuzzy else "not translated"
            lines.append(f"{place}: {entry.msgid!r} is {problem}")
    return lines


def is_compiled_file_current() -> bool:
    source = polib.pofile(str(ROOT / CATALOG))
    compiled = polib.mofile(str(ROOT / CATALOG.with_suffix(".mo")))
    return {entry.msgid: entry.msgstr for entry in source} == {
        entry.msgid: entry.msgstr for entry in compiled
    }


def main() -> int:
    problems = find_untranslated()
    if not is_compiled_file_current():
        problems.append(f"{CATALOG.with_suffix('.mo')} is older than its source: make messages")
    sys.stderr.writelines(f"{line}\n" for line in problems)
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
