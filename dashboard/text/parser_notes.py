"""The notes on a report, as sentences: each says what the parser saw in the file.

A note has a code and facts, for example the number of the sheet.
"""

from typing import Any

from django.utils.translation import gettext_lazy as _

from dashboard.models import Report

NOTE_SENTENCES = {
    "sheet_unrecognised": _(
        "Sheet “%(sheet)s” has no columns known here: it is shown as it stands and counts nowhere."
    ),
    "sheet_full": _(
        "Sheet “%(sheet)s” is as long as its format allows (%(rows)s rows): the file may have "
        "been cut there."
    ),
    "rows_skipped": _(
        "Sheet “%(sheet)s”: %(rows)s rows name no status or no rule and were not counted."
    ),
    "digits_lost": _(
        "Sheet “%(sheet)s”: the file stores %(rows)s ids as numbers, and such numbers keep 15 "
        "digits only. "
        "The last digits may be wrong."
    ),
    "duplicate_keys": _(
        "%(rows)s rows repeat a rule and a resource that the file has judged before; each of them "
        "is kept and counted."
    ),
}


def describe_notes(report: Report) -> list[str]:
    """Return a sentence for each note; those of counts belong to an earlier reader."""
    sheets = {sheet.number: sheet.name for sheet in report.sheets.all()}
    return [
        describe_note(note["code"], note["facts"], sheets)
        for note in report.notes
        if note["code"] != "count_mismatch"
    ]


def describe_note(code: str, facts: dict[str, Any], sheets: dict[int, str]) -> str:
    """Return the sentence for a note, or the code if there is no sentence for it.

    `sheets` gives the name of each sheet by its number.
    """
    sentence = NOTE_SENTENCES.get(code)
    if sentence is None:
        return code
    values = {"rows": f"{facts.get('rows', 0):,}", "sheet": sheets.get(facts.get("sheet", -1), "?")}
    return str(sentence % values)
