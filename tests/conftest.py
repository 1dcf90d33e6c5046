"""What many tests need: accounts and packs, people, the sandbox's cloud, a worker."""

from pathlib import Path

import pytest
from django.contrib.auth.models import Permission, User
from django.core.cache import cache
from hypothesis import HealthCheck
from hypothesis import settings as properties
from pytest_django import Settings

from dashboard.models import Account, Pack

properties.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
properties.load_profile("any machine")


@pytest.fixture(autouse=True)
def empty_cache() -> None:
    """What is kept of a report is found by its id, which the next test gives to another."""
    cache.clear()


@pytest.fixture(autouse=True)
def own_files(settings: Settings, tmp_path: Path) -> None:
    """An archive for each test, and static files as they lie in the source."""
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def account(db: None) -> Account:
    return Account.objects.create(name="Production", uid="1000000000000001")


@pytest.fixture
def pack(account: Account) -> Pack:
    return Pack.objects.create(account=account, pack_id="cp-0001", name="OSS 合规管理最佳实践")


@pytest.fixture
def auditor(db: None) -> User:
    """Somebody who may read and nothing else."""
    return User.objects.create_user("auditor", password="auditor")


@pytest.fixture
def officer(db: None) -> User:
    """Somebody who may generate and import reports as well."""
    user = User.objects.create_user("officer", password="officer")
    names = ("generate_report", "import_report", "change_report")
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    return user
