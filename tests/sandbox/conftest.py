"""A sandbox with a clock that tests move, and a caller for each of its accounts."""

import pytest

from dashboard.sandbox.wsgi import Sandbox
from tests.sandbox.caller import Caller, Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sandbox(clock: Clock) -> Sandbox:
    return Sandbox(clock=clock, large_rows=300)


@pytest.fixture
def caller(sandbox: Sandbox) -> Caller:
    """The first account, with its AccessKey."""
    return Caller(sandbox, sandbox.accounts[0].credential)


@pytest.fixture
def staging_caller(sandbox: Sandbox) -> Caller:
    """The second account, with its AccessKey."""
    return Caller(sandbox, sandbox.accounts[1].credential)
