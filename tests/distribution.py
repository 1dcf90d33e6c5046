"""Distribute the tests over processes: file by file, and all tests of the browser in one.

The browser tests share one site, which is expensive to start. They begin first, because nothing
else takes as long. Tests often wait for processes that they have started, so there is one process
more than processors.
"""

import os

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

BROWSER_FOLDER = "tests/browser/"


class SharedSiteScheduling(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
    """Give each file to one process, and all files of the browser tests to the same one."""

    def _split_scope(self, nodeid: str) -> str:
        file = str(super()._split_scope(nodeid))
        return BROWSER_FOLDER if file.startswith(BROWSER_FOLDER) else file


@pytest.hookimpl(tryfirst=True)
def pytest_xdist_auto_num_workers() -> int:
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(tryfirst=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> SharedSiteScheduling:
    return SharedSiteScheduling(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not item.nodeid.startswith(BROWSER_FOLDER))
