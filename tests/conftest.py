"""Fixtures that many tests need: accounts and packs, people, the sandbox as the cloud, a worker."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from django.contrib.auth.models import Permission, User
from django.core.cache import cache
from django.utils import translation
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from pytest_django import DjangoDbBlocker, Settings

from dashboard.generation import discovery, lifecycle
from dashboard.models import Account, Pack, Report
from dashboard.sandbox.wsgi import Sandbox
from tests.installation import CreateInstallation, Installation

RunToEnd = Callable[[Report], Report]

hypothesis_settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("any machine")


@pytest.fixture(autouse=True)
def empty_cache() -> None:
    """Clear the cache: what it holds of a report would be found for the next test's report."""
    cache.clear()


@pytest.fixture(autouse=True)
def own_files(settings: Settings, tmp_path: Path) -> None:
    """Give each test an archive of its own, and the static files of the source folder."""
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture(autouse=True)
def use_cheap_password_hashes(settings: Settings) -> None:
    """Hash passwords with MD5: the product's hasher takes half a second on purpose."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def use_english() -> Iterator[None]:
    """Begin each test in English: a request leaves its language active in the thread."""
    with translation.override("en"):
        yield


@pytest.fixture(scope="session")
def create_installation(
    tmp_path_factory: pytest.TempPathFactory,
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[CreateInstallation]:
    """A function that creates an installation in a new folder, until all tests have ended.

    Its callers are fixtures of modules, whose tests have the mark django_db: without it pytest
    makes no test database, and inside a test's transaction no database can be copied.
    """
    installations = []

    def create(
        folder_name: str, cloud: str, *, prepare: bool = True, **variables: str
    ) -> Installation:
        folder = tmp_path_factory.mktemp(folder_name)
        with django_db_blocker.unblock():
            installations.append(Installation(folder, cloud, prepare=prepare, **variables))
        return installations[-1]

    yield create
    for installation in installations:
        installation.close()


@pytest.fixture
def account(db: None) -> Account:
    return Account.objects.create(name="Production", uid="1000000000000001")


@pytest.fixture
def pack(account: Account) -> Pack:
    return Pack.objects.create(account=account, pack_id="cp-0001", name="OSS 合规管理最佳实践")


@pytest.fixture
def auditor(db: None) -> User:
    """A user who may only read."""
    return User.objects.create_user("auditor", password="auditor")


@pytest.fixture
def officer(db: None) -> User:
    """A user who may also generate, import and annotate reports, and archive packs."""
    user = User.objects.create_user("officer", password="officer")
    names = ("generate_report", "import_report", "change_report", "change_pack")
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    return user


@pytest.fixture
def sandbox(settings: Settings) -> Sandbox:
    """The sandbox, called in this process wherever the product calls the cloud."""
    sandbox = Sandbox(large_rows=300)
    settings.CLOUD_TRANSPORT = httpx.WSGITransport(app=sandbox)
    settings.DOWNLOAD_HOSTS = settings.ENDPOINT_HOSTS = ["sandbox"]
    return sandbox


@pytest.fixture
def cloud_account(db: None, sandbox: Sandbox) -> Account:
    """The sandbox's first account, with all its packs."""
    known = sandbox.accounts[0]
    account = Account(name=known.name, uid=known.uid, endpoint="http://sandbox")
    account.access_key_id = known.access_key_id
    account.secret = known.access_key_secret
    account.save()
    discovery.refresh_packs(account)
    return account


@pytest.fixture
def cloud_pack(cloud_account: Account) -> Pack:
    """A pack of the sandbox's first account."""
    return cloud_account.packs.order_by("pack_id")[0]


@pytest.fixture
def run_to_end() -> RunToEnd:
    """A function that takes a report's steps without waiting, as a worker would, until it ends."""

    def take_all_steps(report: Report) -> Report:
        for _ in range(60):
            Report.objects.filter(pk=report.pk).update(next_at=report.requested_at)
            if lifecycle.advance_report(report.pk) is None:
                break
        report.refresh_from_db()
        return report

    return take_all_steps
