"""A click and an import are answered as usual while the queue is away."""

import logging

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from huey import RedisHuey
from pytest_django import Settings

from dashboard.generation.queue import take_next_step
from dashboard.imports.queue import import_files_of_batch
from dashboard.models import ImportedFile, Pack, Report
from dashboard.settings import parse_queue_url

URL = "redis://127.0.0.1:1/0"  # nothing listens on this port


@pytest.fixture
def _no_queue(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    huey = RedisHuey(url=parse_queue_url(URL)["url"])
    for task in (take_next_step, import_files_of_batch):
        monkeypatch.setattr(task, "huey", huey)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_no_queue")
def test_generate_and_import_are_answered_and_kept_without_the_queue(
    pack: Pack, officer: User, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    client.force_login(officer)
    with caplog.at_level(logging.WARNING):
        answer = client.post(f"/packs/{pack.pk}/reports/")
        assert answer.status_code in (200, 302)
        upload = SimpleUploadedFile("report.xls", b"no report")
        answer = client.post("/imports/", {"files": [upload]})
    assert answer.status_code == 302
    assert Report.objects.get().state == Report.State.REQUESTED
    assert ImportedFile.objects.get().state == ImportedFile.State.ARRIVED
    assert caplog.text.count("The queue is away") == 2
