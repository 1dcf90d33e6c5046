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


def find_problems() -> list[str]:
    """Return one line for each string that cannot be shown in the other language."""
    lines = []
    for entry in collect_messages():
        if problem := find_problem(entry):
            place = ":".join(entry.occurrences[0]) if entry.occurrences else "?"
            lines.append(f"{place}: {entry.msgid!r} {problem}")
    return lines


def find_problem(entry: polib.POEntry) -> str:
    """Return what is wrong with a translation; "" if nothing is."""
    if entry.fuzzy:
        return "is fuzzy"
    if not entry.translated():
        return "is not translated"
    texts = [entry.msgstr, *entry.msgstr_plural.values()]
    if "%" not in entry.msgid + entry.msgid_plural and any("%" in text for text in texts):
        # A template would then show the original: blocktranslate formats every translation.
        return "has a percent sign in its translation only"
    return ""


def is_compiled_file_current() -> bool:
    source = polib.pofile(str(ROOT / CATALOG))
    compiled = polib.mofile(str(ROOT / CATALOG.with_suffix(".mo")))
    return {entry.msgid: entry.msgstr for entry in source} == {
        entry.msgid: entry.msgstr for entry in compiled
    }


def main() -> int:
    problems = find_problems()
    if not is_compiled_file_current():
        problems.append(f"{CATALOG.with_suffix('.mo')} is older than its source: make messages")
    sys.stderr.writelines(f"{line}\n" for line in problems)
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
