"""A report to query."""

import pytest

from dashboard.models import Pack, Report
from tests.queries.report_contents import CONTENTS
from tests.views.report_files import import_report_bytes


@pytest.fixture
def f1(pack: Pack) -> Report:
    return import_report_bytes(pack, CONTENTS["F1"]())
