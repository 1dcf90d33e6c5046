"""Fixtures of the tests of runs."""

import logging
from collections.abc import Iterator

import pytest


@pytest.fixture
def no_defect(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail the test if the product has logged a defect: a run may be ready in spite of it."""
    yield
    defects = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert not defects
