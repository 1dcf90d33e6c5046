"""The sandbox as the cloud of the flows, and a worker that walks the steps without waiting."""

from collections.abc import Callable

import httpx
import pytest
from pytest_django import Settings

from dashboard.generation import discovery, lifecycle
from dashboard.models import Account, Pack, Report
from dashboard.sandbox.wsgi import Sandbox


@pytest.fixture
def sandbox(settings: Settings) -> Sandbox:
    sandbox = Sandbox(large_rows=300)
    settings.CLOUD_TRANSPORT = httpx.WSGITransport(app=sandbox)
    settings.DOWNLOAD_HOSTS = ["sandbox"]
    return sandbox


@pytest.fixture
def account(db: None, sandbox: Sandbox) -> Account:
    """The sandbox's first account, its packs known."""
    known = sandbox.accounts[0]
    account = Account(name=known.name, uid=known.uid, endpoint="http://sandbox")
    account.access_key_id = known.access_key_id
    account.secret = known.access_key_secret
    account.save()
    discovery.refresh_packs(account)
    return account


@pytest.fixture
def pack(account: Account) -> Pack:
    pack = account.packs.order_by("pack_id").first()
    assert pack
    return pack


Work = Callable[[Report], Report]


@pytest.fixture
def work() -> Work:
    """Takes a report's steps one after the other, as a worker would, until it has ended."""

    def to_its_end(report: Report) -> Report:
        for _ in range(60):
            Report.objects.filter(pk=report.pk).update(next_at=report.requested_at)
            if lifecycle.advance_report(report.pk) is None:
                break
        report.refresh_from_db()
        return report

    return to_its_end
