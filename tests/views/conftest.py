"""Browsers of the people that the tests of pages know."""

import pytest
from django.contrib.auth.models import User
from django.test import Client


@pytest.fixture
def reader(client: Client, auditor: User) -> Client:
    """The browser of somebody who may read and nothing else."""
    client.force_login(auditor)
    return client


@pytest.fixture
def starter(officer: User) -> Client:
    """The browser of somebody who may generate reports as well."""
    client = Client()
    client.force_login(officer)
    return client
