"""Evaluate, then generate: a button of its own, for users with the permission of its own."""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from dashboard.models import Pack, Report
from tests.views.rows import create_running_report

HTMX = {"HX-Request": "true"}
WORDS = "Evaluate, then generate"
pytestmark = pytest.mark.django_db


@pytest.fixture
def evaluator(officer: User) -> Client:
    """The browser of a user who may also have packs evaluated."""
    officer.user_permissions.add(Permission.objects.get(codename="evaluate_pack"))
    client = Client()
    client.force_login(officer)
    return client


def test_the_button_stands_beside_generate_for_whoever_may_use_it(
    evaluator: Client, pack: Pack
) -> None:
    address = f"/packs/{pack.pk}/reports/evaluated/"
    for path, attribute in (("/", "formaction"), (f"/packs/{pack.pk}/", "action")):
        page = evaluator.get(path).content.decode()
        assert WORDS in page
        assert f'{attribute}="{address}"' in page
        assert f'data-hx-post="{address}"' in page


def test_whoever_may_only_generate_neither_sees_nor_presses_the_button(
    starter: Client, pack: Pack
) -> None:
    for path in ("/", f"/packs/{pack.pk}/"):
        assert WORDS not in starter.get(path).content.decode()
    assert starter.post(f"/packs/{pack.pk}/reports/evaluated/").status_code == 403
    assert not Report.objects.exists()


def test_the_permission_alone_does_not_generate(auditor: User, reader: Client, pack: Pack) -> None:
    auditor.user_permissions.add(Permission.objects.get(codename="evaluate_pack"))
    assert reader.post(f"/packs/{pack.pk}/reports/evaluated/").status_code == 403
    assert WORDS not in reader.get(f"/packs/{pack.pk}/").content.decode()


def test_a_press_has_the_pack_evaluated_first(evaluator: Client, pack: Pack) -> None:
    page = evaluator.post(f"/packs/{pack.pk}/reports/evaluated/", headers=HTMX).content.decode()
    assert Report.objects.get().state == Report.State.EVALUATING
    assert 'aria-current="step"><span>the cloud is evaluating</span>' in page


def test_without_javascript_the_press_leads_to_the_report(evaluator: Client, pack: Pack) -> None:
    answer = evaluator.post(f"/packs/{pack.pk}/reports/evaluated/")
    assert answer["Location"] == f"/reports/{Report.objects.get().pk}/"


def test_a_press_joins_the_run_under_way(evaluator: Client, pack: Pack) -> None:
    run = create_running_report(pack)
    evaluator.post(f"/packs/{pack.pk}/reports/evaluated/", headers=HTMX)
    assert Report.objects.get().pk == run.pk
    assert WORDS not in evaluator.get(f"/packs/{pack.pk}/").content.decode()
    assert WORDS not in evaluator.get("/").content.decode()
