"""Accounts against the sandbox's cloud: add, edit, test, refresh; the secret is never shown."""

import datetime as dt
import re

import httpx
import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from dashboard.ledger.pack_summaries import find_wrong_summaries
from dashboard.models import Account, AuditEntry, Pack
from dashboard.models.pack_archiving import archive_packs
from dashboard.sandbox.wsgi import Sandbox
from tests.views.pages import get_page

HTMX = {"HX-Request": "true"}
SECRET = "a secret nobody may read"
pytestmark = pytest.mark.django_db


@pytest.fixture
def sandbox(settings: Settings) -> Sandbox:
    sandbox = Sandbox(large_rows=300)
    settings.CLOUD_TRANSPORT = httpx.WSGITransport(app=sandbox)
    settings.ENDPOINT_HOSTS = ["sandbox"]
    return sandbox


@pytest.fixture
def known(sandbox: Sandbox) -> Account:
    """An account of the sandbox, with its key."""
    there = sandbox.accounts[0]
    account = Account(
        name="Known", uid=there.uid, endpoint="http://sandbox", access_key_id=there.access_key_id
    )
    account.secret = there.access_key_secret
    account.save()
    return account


def fields(**others: str) -> dict[str, str]:
    told = {
        "name": "New",
        "uid": "1000000000000009",
        "site": "china",
        "access_key_id": "key",
        "secret": SECRET,
    }
    return {**told, "endpoint": "", **others}


def test_an_account_can_be_added(admin_client: Client) -> None:
    answer = admin_client.post("/accounts/add/", fields())
    account = Account.objects.get()
    assert answer["Location"] == f"/accounts/{account.pk}/"
    assert account.secret == SECRET


def test_the_secret_is_shown_nowhere(admin_client: Client) -> None:
    admin_client.post("/accounts/add/", fields())
    account = Account.objects.get()
    stored = bytes(account.secret_encrypted).decode()
    for address in ("/accounts/", f"/accounts/{account.pk}/", f"/accounts/{account.pk}/edit/", "/"):
        text = admin_client.get(address).content.decode()
        assert SECRET not in text
        assert stored not in text


def test_a_form_sent_back_does_not_hold_the_secret(admin_client: Client) -> None:
    answer = admin_client.post("/accounts/add/", fields(uid="12"))
    assert answer.status_code == 422
    assert "An account ID has 16 digits." in answer.content.decode()
    assert SECRET not in answer.content.decode()


def test_an_empty_secret_keeps_the_one_that_is_stored(admin_client: Client) -> None:
    admin_client.post("/accounts/add/", fields())
    account = Account.objects.get()
    admin_client.post(f"/accounts/{account.pk}/edit/", fields(secret="", name="Renamed"))
    account.refresh_from_db()
    assert (account.name, account.secret) == ("Renamed", SECRET)


def test_a_key_without_its_secret_is_refused(admin_client: Client) -> None:
    answer = admin_client.post("/accounts/add/", fields(secret=""))
    assert "Enter the AccessKey secret." in answer.content.decode()
    assert not Account.objects.exists()


def test_an_account_is_added_once(admin_client: Client) -> None:
    admin_client.post("/accounts/add/", fields())
    assert "already exists" in admin_client.post("/accounts/add/", fields()).content.decode()


def test_a_working_key_is_said_to_work(admin_client: Client, known: Account) -> None:
    answer = admin_client.post(f"/accounts/{known.pk}/test/", headers=HTMX).content.decode()
    assert f"The connection works: the AccessKey belongs to account {known.uid}, 4 packs." in answer
    assert not Pack.objects.exists()


def test_a_wrong_secret_is_explained_with_the_request_id_last(
    admin_client: Client, known: Account
) -> None:
    known.secret = "wrong"
    known.save()
    answer = admin_client.post(f"/accounts/{known.pk}/test/", headers=HTMX).content.decode()
    places = [
        answer.index(words)
        for words in ("The AccessKey secret is wrong", "does not fit", "Ask an", "Request id")
    ]
    assert places == sorted(places)


def test_without_javascript_the_verdict_is_a_message(admin_client: Client, known: Account) -> None:
    known.secret = "wrong"
    known.save()
    answer = admin_client.post(f"/accounts/{known.pk}/test/", follow=True)
    assert answer.redirect_chain == [(f"/accounts/{known.pk}/", 302)]
    assert 'data-level="error">The AccessKey secret is wrong.' in answer.content.decode()


def test_refreshing_brings_the_packs(admin_client: Client, known: Account) -> None:
    answer = admin_client.post(f"/accounts/{known.pk}/refresh/", headers=HTMX).content.decode()
    assert "The list of packs is up to date." in answer
    assert known.packs.count() == 4
    assert all(pack.pack_id in answer for pack in known.packs.all())


def test_a_refresh_that_the_cloud_refuses_leaves_the_packs(
    admin_client: Client, known: Account
) -> None:
    admin_client.post(f"/accounts/{known.pk}/refresh/")
    count = known.packs.count()
    known.secret = "wrong"
    known.save()
    answer = admin_client.post(f"/accounts/{known.pk}/refresh/", headers=HTMX).content.decode()
    assert "The AccessKey secret is wrong" in answer
    assert known.packs.in_cloud().count() == count > 0


@pytest.mark.parametrize("name", ["reader", "starter"])
@pytest.mark.parametrize(
    "address", ["/accounts/", "/accounts/add/", "/accounts/{}/", "/accounts/{}/edit/"]
)
def test_accounts_are_for_administrators(
    request: pytest.FixtureRequest, account: Account, name: str, address: str
) -> None:
    client: Client = request.getfixturevalue(name)
    assert client.get(address.format(account.pk)).status_code == 403
    page = client.get("/").content.decode()
    assert 'href="/accounts/"' not in page
    assert f'href="/accounts/{account.pk}/' not in page


@pytest.mark.parametrize("act", ["test", "refresh", "edit"])
def test_who_may_not_change_accounts_posts_nothing(
    starter: Client, account: Account, act: str
) -> None:
    answer = starter.post(f"/accounts/{account.pk}/{act}/", fields())
    assert answer.status_code == 403
    assert "You may not do this" in answer.content.decode()


@pytest.mark.parametrize("endpoint", ["file:///etc/passwd", "http://a.com/", "a.com/b"])
def test_an_endpoint_that_is_no_host_is_refused(admin_client: Client, endpoint: str) -> None:
    answer = admin_client.post("/accounts/add/", fields(endpoint=endpoint))
    assert answer.status_code == 422
    assert "Enter a host and, if needed, a port, and nothing else" in answer.content.decode()
    assert not Account.objects.exists()


def test_only_the_hosts_of_the_cloud_and_of_the_settings_are_endpoints(
    admin_client: Client, settings: Settings
) -> None:
    settings.ENDPOINT_HOSTS = ["127.0.0.1:8089"]
    for endpoint in ("http://169.254.169.254", "127.0.0.1:8088", "example.com"):
        answer = admin_client.post("/accounts/add/", fields(endpoint=endpoint))
        assert answer.status_code == 422
        assert "This is not a host of Cloud Config." in answer.content.decode()
    admin_client.post("/accounts/add/", fields(endpoint="http://127.0.0.1:8089"))
    assert Account.objects.get().endpoint == "http://127.0.0.1:8089"


def test_an_account_with_an_endpoint_from_before_is_not_called(
    admin_client: Client, known: Account, sandbox: Sandbox, settings: Settings
) -> None:
    settings.ENDPOINT_HOSTS = []
    answer = admin_client.post(f"/accounts/{known.pk}/test/", headers=HTMX).content.decode()
    assert "The endpoint of the account is not allowed" in answer
    assert not list(sandbox.call_log)


def test_an_account_without_an_access_key_says_so(admin_client: Client) -> None:
    account = Account.objects.create(name="Imported", uid="1000000000000009")
    page = admin_client.get(f"/accounts/{account.pk}/").content.decode()
    assert "none: reports cannot be generated" in page
    assert "stored encrypted" not in page
    answer = admin_client.post(f"/accounts/{account.pk}/test/", headers=HTMX).content.decode()
    assert "This account has no AccessKey" in answer
    assert "decrypted" not in answer


def test_the_page_says_whose_the_key_is(admin_client: Client, known: Account) -> None:
    address = f"/accounts/{known.pk}/"
    assert "account not verified yet" in admin_client.get(address).content.decode()
    answer = admin_client.post(f"{address}test/", headers=HTMX).content.decode()
    assert 'id="key-owner" data-hx-swap-oob="true"' in answer
    assert "this account, as the cloud says" in admin_client.get(address).content.decode()


@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("en", "The AccessKey belongs to another account"),
        ("zh-hans", "该 AccessKey 属于另一个账号"),
    ],
)
def test_the_key_of_another_account_is_refused_in_words_with_both_ids(
    admin_client: Client, known: Account, sandbox: Sandbox, language: str, title: str
) -> None:
    other = sandbox.accounts[1]
    known.access_key_id, known.secret = other.access_key_id, other.access_key_secret
    known.save()
    headers = {**HTMX, "Accept-Language": language}
    answer = admin_client.post(f"/accounts/{known.pk}/test/", headers=headers).content.decode()
    assert title in answer
    assert known.uid in answer
    assert other.uid in answer


def test_without_the_identity_service_the_test_says_that_the_account_is_not_verified(
    admin_client: Client, known: Account, sandbox: Sandbox
) -> None:
    sandbox.faults.set("unavailable", on="GetCallerIdentity")
    answer = admin_client.post(f"/accounts/{known.pk}/test/", headers=HTMX).content.decode()
    assert "The connection works: 4 packs. The account is not verified yet" in answer


def test_the_switch_for_evaluation_results_is_on_at_first_and_logged_when_it_is_turned(
    admin_client: Client, account: Account
) -> None:
    page = admin_client.get(f"/accounts/{account.pk}/edit/").content.decode()
    assert re.search(r'<input type="checkbox" name="fetches_results"[^>]*\bchecked\b', page)
    assert "config:ListConfigRuleEvaluationResults" in page
    values = {"name": account.name, "uid": account.uid, "site": "china"}
    admin_client.post(f"/accounts/{account.pk}/edit/", values)
    account.refresh_from_db()
    assert account.fetches_results is False
    entry = AuditEntry.objects.get(account=account)
    assert (entry.before, entry.after) == ({"fetches_results": True}, {"fetches_results": False})
    page = get_page(admin_client, f"/accounts/{account.pk}/")
    assert "fetch evaluation results: yes → no" in page
    assert "not fetched: switched off" in page


def test_saving_an_account_unchanged_logs_nothing(admin_client: Client, account: Account) -> None:
    values = {"name": account.name, "uid": account.uid, "site": "china", "fetches_results": "on"}
    admin_client.post(f"/accounts/{account.pk}/edit/", values)
    assert not AuditEntry.objects.exists()
    assert "<h2>Log</h2>" not in admin_client.get(f"/accounts/{account.pk}/").content.decode()


def test_a_new_secret_is_logged_without_its_value(admin_client: Client) -> None:
    admin_client.post("/accounts/add/", fields())
    account = Account.objects.get()
    admin_client.post(f"/accounts/{account.pk}/edit/", fields(secret="another secret"))
    entry = AuditEntry.objects.filter(account=account).first()
    assert entry is not None
    assert entry.after["secret"] is True
    page = get_page(admin_client, f"/accounts/{account.pk}/")
    assert "AccessKey secret replaced" in page
    assert "another secret" not in page + str(entry.after)


def create_accounts(count: int) -> list[Account]:
    return [
        Account.objects.create(name=f"Branch {number:03}", uid=f"{2_000_000_000_000_000 + number}")
        for number in range(count)
    ]


def list_names(page: str) -> list[str]:
    return re.findall(r'<th scope="row">\s*<a href="[^"]+"[^>]*>([^<]+)</a>', page)


def test_the_accounts_have_pages_and_a_filter_by_name_or_id(admin_client: Client) -> None:
    accounts = create_accounts(60)
    first, second = (
        list_names(admin_client.get(f"/accounts/?page={number}").content.decode())
        for number in (1, 2)
    )
    assert first + second == [account.name for account in accounts]
    assert len(first) == 50
    for text in ("branch 017", "17", accounts[17].uid[:16]):
        page = admin_client.get("/accounts/", {"q": text}).content.decode()
        assert list_names(page) == ["Branch 017"]
    page = admin_client.get("/accounts/", {"q": "nowhere"}).content.decode()
    assert "No account matches “nowhere”." in page
    assert '<a href="/accounts/">Clear the filter</a>' in page


def test_the_packs_of_an_account_have_pages_and_a_filter_by_name_or_id(
    admin_client: Client, account: Account
) -> None:
    Pack.objects.bulk_create(
        Pack(account=account, pack_id=f"cp-{number:03}", name=f"Pack {number:03}")
        for number in range(60)
    )
    address = f"/accounts/{account.pk}/"
    assert len(list_names(admin_client.get(address).content.decode())) == 50
    assert len(list_names(admin_client.get(f"{address}?page=2").content.decode())) == 10
    for text in ("pack 017", "cp-017"):
        page = admin_client.get(address, {"q": text}).content.decode()
        assert list_names(page) == ["Pack 017"]
    page = admin_client.get(address, {"q": "nowhere"}).content.decode()
    assert "No pack matches “nowhere”." in page
    assert f'<a href="{address}">Clear the filter</a>' in page


def test_accounts_and_packs_take_the_same_queries_for_few_and_for_many(
    admin_client: Client, account: Account
) -> None:
    def count_queries() -> list[int]:
        counts = []
        for address in ("/accounts/", f"/accounts/{account.pk}/"):
            with CaptureQueriesContext(connection) as captured:
                assert admin_client.get(address).status_code == 200
            counts.append(len(captured))
        return counts

    Pack.objects.create(account=account, pack_id="cp-few", name="Few")
    few = count_queries()
    for other in [account, *create_accounts(60)]:
        Pack.objects.bulk_create(
            Pack(account=other, pack_id=f"cp-{number}", name=f"{number}") for number in range(10)
        )
    assert count_queries() == few
    assert max(few) <= 10


def test_a_refresh_says_which_archived_packs_are_back_in_the_cloud(
    admin_client: Client, admin_user: User, known: Account, sandbox: Sandbox
) -> None:
    admin_client.post(f"/accounts/{known.pk}/refresh/", headers=HTMX)
    by_person, while_gone, archived, _pack = known.packs.order_by("pk")
    now = timezone.now()
    archive_packs(Pack.objects.filter(pk__in=[by_person.pk, archived.pk]), admin_user)
    by_person.mark_gone(now + dt.timedelta(minutes=1))
    while_gone.mark_gone(now - dt.timedelta(minutes=1))
    archive_packs(Pack.objects.filter(pk=while_gone.pk), admin_user)
    answer = admin_client.post(f"/accounts/{known.pk}/refresh/", headers=HTMX).content.decode()
    assert f"shown on home again: {while_gone.name}. Back" in answer
    assert f"but still archived: {by_person.name}.<" in answer
    assert re.findall(r'<button name="pack" value="(\d+)">', answer) == [str(by_person.pk)]
    assert set(Pack.objects.exclude(archived_at=None)) == {by_person, archived}
    for pack, text in (
        (while_gone, "shown on home again: back in the cloud"),
        (by_person, "back in the cloud, stays archived"),
    ):
        log = re.sub(r"\s+", " ", admin_client.get(f"/packs/{pack.pk}/").content.decode())
        assert f"<td>admin</td> <td> {text} </td>" in log
    assert list(find_wrong_summaries()) == []
    answer = admin_client.post(f"/accounts/{known.pk}/refresh/", headers=HTMX).content.decode()
    assert "Back in the cloud" not in answer  # once is enough


def test_a_long_log_says_how_many_entries_it_leaves_out(
    admin_client: Client, admin_user: User, account: Account
) -> None:
    def record_changes(count: int) -> str:
        for _ in range(count):
            AuditEntry.objects.record_account_change(
                admin_user, account, {"name": "old"}, {"name": "new"}
            )
        return admin_client.get(f"/accounts/{account.pk}/").content.decode()

    assert "entries." not in record_changes(100)
    assert "The newest 100 of 101 entries." in record_changes(1)


def test_archived_packs_are_marked_and_not_counted_like_on_home(
    admin_client: Client, account: Account
) -> None:
    for number in range(3):
        Pack.objects.create(account=account, pack_id=f"cp-{number}", name=f"Pack {number}")
    Pack.objects.filter(pack_id="cp-0").update(archived_at="2026-11-20T00:00:00Z")
    Pack.objects.filter(pack_id="cp-1").update(gone_at="2026-11-20T00:00:00Z")
    Pack.objects.all().update_summaries()
    page = admin_client.get("/accounts/").content.decode()
    assert f'<a href="/?account={account.uid}">2</a>' in page
    home = admin_client.get(f"/?account={account.uid}").content.decode()
    assert len(re.findall(r'<tr id="pack-\d+"', home)) == 2
    for address in (f"/accounts/{account.pk}/", "/reports/suggestions/?q=pack", "/search/?q=pack"):
        page = admin_client.get(address).content.decode()
        assert page.count(">archived<") == page.count(">gone from the cloud<") == 1, address
