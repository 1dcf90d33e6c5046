"""What identifies an imported file, and what a person decides about it."""

import datetime as dt

from dashboard.imports.identity import Identity, identify_by_person, record_decision
from dashboard.models import ImportedFile


def test_a_decision_keeps_that_the_content_was_not_read() -> None:
    """The content is then compared with the decision when it is read."""
    origin = {"unread": True, "pack": {"by": "name", "stated": {"name": "cp-1"}}}
    decided = Identity("1" * 16, "cp-1", dt.datetime(2026, 1, 2, tzinfo=dt.UTC))
    result = record_decision(origin, decided)
    assert result["unread"] is True
    assert result["pack"] == origin["pack"]
    assert result["account"] == {"by": "person", "stated": {"person": "1" * 16}}


def test_values_read_from_a_file_are_not_taken_for_those_of_a_person() -> None:
    file = ImportedFile(account_uid="1" * 16, pack_id="cp-1")
    assert identify_by_person(file) == Identity("1" * 16, "cp-1")
    time = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)
    file.origin = {
        "account": {"by": "content", "stated": {"content": "1" * 16}},
        "pack": {"by": "name", "stated": {"name": "cp-1"}},
        "time": {"by": "person", "stated": {"person": time.isoformat()}},
    }
    assert identify_by_person(file) == Identity("", "", time)
