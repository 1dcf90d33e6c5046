"""The search of the top bar finds accounts, packs, rules and resources among any number of them."""

import datetime as dt
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from dashboard.ledger import pack_resources
from dashboard.models import Account, Evaluation, Pack, PackResource, Rule
from dashboard.models.search_texts import build_search_text
from dashboard.queries import search
from dashboard.queries.pack_choices import suggest_choices
from dashboard.queries.search import search_all
from tests import sample_files
from tests.views.report_files import FRIDAY, import_report_bytes
from tests.views.test_page_sizes import build_workbook

pytestmark = pytest.mark.django_db


def read_results(client: Client, text: str) -> str:
    return client.get("/search/", {"q": text}).content.decode()


def create_rules(pack: Pack, *names: str) -> None:
    for number, name in enumerate(names):
        Rule.objects.create(pack=pack, key=f"{name} {number}", name=name, rule_id=f"cr-{number}")


def create_packs_with_rule(account: Account, count: int) -> None:
    for number in range(count):
        pack = Pack.objects.create(account=account, pack_id=f"cp-{number}", name=f"P{number}")
        create_rules(pack, "bucket not public")


def create_resources(pack: Pack, count: int) -> None:
    PackResource.objects.bulk_create(
        PackResource(pack=pack, resource=number, search_text=f"i-{number:06}\nserver")
        for number in range(count)
    )


def list_found_rules(text: str) -> list[str]:
    return [rule.name for rule in search_all(text).rules]


def test_packs_and_accounts_are_found_by_any_part_of_name_and_id(
    reader: Client, pack: Pack
) -> None:
    for text in ("OSS", pack.pack_id[5:].upper(), "合规"):
        assert f'href="/packs/{pack.pk}/"' in read_results(reader, text)
    assert pack.account.uid in read_results(reader, pack.account.uid[3:9])
    assert "No match." in read_results(reader, "nowhere")
    assert "Enter a part of a name or an ID." in reader.get("/search/").content.decode()


def test_a_resource_is_found_by_any_part_of_its_id_or_name_in_any_case(
    pack: Pack, reader: Client
) -> None:
    sheets = sample_files.build_report_sheets(sample_files.SOME_FAILING)
    import_report_bytes(pack, sample_files.build_xls(sheets))
    evaluation = Evaluation.objects.filter(resource_id="photos").select_related("rule")[0]
    resource_address = f'href="/resources/{evaluation.resource}/"'
    for text in (evaluation.resource_id, evaluation.resource_name):
        for part in (text, text[1:], text[1:].upper(), text[1:4]):
            assert resource_address in read_results(reader, part), part
    page = read_results(reader, evaluation.rule.name)
    assert f'href="/rules/{evaluation.rule_id}/"' in page


def test_a_resource_stands_once_with_its_worst_status_and_failing_ones_first(
    pack: Pack, reader: Client
) -> None:
    import_report_bytes(pack, build_workbook(1, 4))
    import_report_bytes(
        Pack.objects.create(account=pack.account, pack_id="cp-2", name="Second"),
        build_workbook(1, 2, shift=1),
    )
    failing = set(Evaluation.objects.failing().values_list("resource", flat=True))
    resources = search_all("i-bp1").resources
    assert len(resources) == 4
    assert {resource.resource_hash for resource in resources if resource.status == 1} == failing
    assert [resource.status for resource in resources] == [1, 1, 1, 5]
    assert read_results(reader, "i-bp1").count('href="/resources/') == 4


def test_a_resource_with_the_very_text_as_id_or_name_stands_first(pack: Pack) -> None:
    import_report_bytes(pack, build_workbook(1, 12))
    for text in ("主机 1", "主机 10", "主机 2"):
        assert search_all(text).resources[0].name == text


@pytest.mark.parametrize("text", ["I-000299", "server 299", "主机", "i-00"])
def test_a_whole_id_or_name_is_found_among_more_matches_than_are_read(
    pack: Pack, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    import_report_bytes(pack, build_workbook(1, 1))
    resource = PackResource.objects.get()
    for column in ("resource_id", "resource_name"):
        others = [
            PackResource(
                pack=pack, resource=n, search_text=build_search_text(f"{text}{n}", text * 2)
            )
            for n in range(8)
        ]
        texts = {"resource_id": "x", "resource_name": "x", column: text}
        Evaluation.objects.update(**texts)
        PackResource.objects.all().delete()
        PackResource.objects.bulk_create(others)
        PackResource.objects.create(
            pack=pack, resource=resource.resource, search_text=build_search_text(*texts.values())
        )
        monkeypatch.setattr(search, "MAX_MATCHES", 4)
        results = search_all(text)
        assert [match.resource_hash for match in results.resources] == [resource.resource]
        assert results.has_more_resources


def test_a_search_is_not_complete_if_not_all_matches_are_ranked(
    pack: Pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_report_bytes(pack, build_workbook(1, 4))
    assert search_all("主机 ").is_ranked
    monkeypatch.setattr(search, "MAX_RANKED", 3)
    results = search_all("主机 ")
    assert (results.is_ranked, results.has_more_resources) == (False, True)
    monkeypatch.setattr(search, "MAX_RANKED", 4)
    monkeypatch.setattr(search, "MAX_MATCHES", 4)
    results = search_all("主机 ")
    assert (results.is_ranked, results.has_more_resources) == (False, True)


def test_a_resource_of_the_very_name_is_found_among_older_ones_than_are_ranked(
    pack: Pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_report_bytes(pack, build_workbook(1, 12))
    exact = PackResource.objects.order_by("-pk")[0]
    Evaluation.objects.filter(resource=exact.resource).update(resource_name="主机")
    PackResource.objects.filter(pk=exact.pk).update(search_text="i-1\n主机\n主机\n")
    monkeypatch.setattr(search, "MAX_RANKED", 4)
    resources = search_all("主机").resources
    assert len(resources) == 4
    assert resources[0].resource_hash == exact.resource
    assert [resource.status for resource in resources[1:]] == sorted(
        resource.status or 9 for resource in resources[1:]
    )


@pytest.mark.parametrize("field", ["archived_at", "gone_at"])
def test_the_worst_status_is_of_packs_that_are_neither_archived_nor_gone(
    pack: Pack, reader: Client, field: str
) -> None:
    old_pack = Pack.objects.create(account=pack.account, pack_id="cp-2", name="Second")
    import_report_bytes(pack, build_workbook(1, 1))
    import_report_bytes(old_pack, build_workbook(1, 2, shift=1))
    assert [resource.status for resource in search_all("主机").resources] == [1, 5]
    setattr(old_pack, field, FRIDAY)
    old_pack.save()
    resources = search_all("主机").resources
    assert [(resource.name, resource.status) for resource in resources] == [
        ("主机 0", 5),
        ("主机 1", None),
    ]
    page = read_results(reader, "主机")
    assert page.count("in archived or gone packs only") == 1
    page = reader.get(f"/resources/{resources[0].resource_hash}/").content.decode()
    assert "Fails none of them now." in page
    assert "do not count as failing now" in page


def test_an_account_and_a_pack_of_the_very_name_stand_first(account: Account) -> None:
    for number in range(search.MAX_RESULTS + 1):
        Account.objects.create(uid=f"{number:016}", name=f"a prod {number}")
        Pack.objects.create(account=account, pack_id=f"cp-{number}", name=f"a prod {number}")
    Account.objects.create(uid="1" * 16, name="prod")
    Pack.objects.create(account=account, pack_id="cp-prod", name="prod")
    results = search_all("Prod")
    assert (results.accounts[0].name, results.packs[0].name) == ("prod", "prod")


def test_a_pack_is_found_by_words_of_its_name_and_of_its_account(account: Account) -> None:
    account.name = "prod"
    account.save()
    pack = Pack.objects.create(account=account, pack_id="cp-1", name="OSS rules")
    assert search_all("prod oss").packs == suggest_choices("prod oss").packs == [pack]


def test_the_id_of_rules_of_one_name_is_shown_only_if_all_have_it(account: Account) -> None:
    for number, rule_id in enumerate(("cr-1", "cr-1", "cr-2")):
        pack = Pack.objects.create(account=account, pack_id=f"cp-{number}", name=f"P{number}")
        Rule.objects.create(pack=pack, key=rule_id, name="own rule", rule_id=rule_id)
        [rule] = search_all("own rule").rules
        assert rule.code == ("cr-1" if number < 2 else "")


def test_a_resource_that_the_latest_report_no_longer_names_is_not_found(pack: Pack) -> None:
    import_report_bytes(pack, build_workbook(2, 4))
    import_report_bytes(pack, build_workbook(2, 3), at=FRIDAY + dt.timedelta(days=1))
    assert {resource.name for resource in search_all("主机 ").resources} == {
        "主机 0",
        "主机 1",
        "主机 2",
    }


def test_an_import_of_an_older_report_changes_nothing_that_is_found(pack: Pack) -> None:
    import_report_bytes(pack, build_workbook(2, 3))
    import_report_bytes(pack, build_workbook(2, 5), at=FRIDAY - dt.timedelta(days=1))
    assert len(search_all("主机 ").resources) == 3
    assert not pack_resources.has_wrong_resources(pack)


def test_two_chinese_characters_are_enough_and_two_letters_are_not(
    pack: Pack, reader: Client
) -> None:
    create_rules(pack, "存储空间不开启公共读", "bucket not public")
    assert list_found_rules("公共") == list_found_rules("公共读") == ["存储空间不开启公共读"]
    assert list_found_rules("共空") == []
    page = read_results(reader, "bu")
    assert "found from three letters on, or two Chinese characters" in page
    assert "No pack or account matches." in page
    assert "fewer letters" not in page
    assert "bucket not public" not in page


@pytest.mark.parametrize("text", ['a"b', "100%", "a_b", "a' OR 1=1", "NEAR(a b)", "a*b", "ab\\c"])
def test_signs_of_a_query_language_are_letters_like_others(pack: Pack, text: str) -> None:
    create_rules(pack, f"before {text} after", "before aXb after", "100 a b abc OR NEAR")
    assert list_found_rules(text) == [f"before {text} after"]


def test_a_rule_of_many_packs_stands_once_and_leads_to_some_of_them(
    account: Account, reader: Client
) -> None:
    create_packs_with_rule(account, 5)
    page = read_results(reader, "bucket")
    assert len(re.findall(r'href="/rules/\d+/"', page)) == search.SHOWN_PACKS
    assert "and 2 more packs" in page
    assert page.count("bucket not public") == 1


def test_a_rule_of_more_packs_than_are_looked_at_has_no_number_of_them(
    account: Account, reader: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "MAX_MATCHES", 4)
    create_packs_with_rule(account, 5)
    page = read_results(reader, "bucket")
    assert "possibly more packs" in page
    assert "and 1 more pack" in page


def test_two_rules_of_one_name_in_a_pack_count_as_one_more_pack(account: Account) -> None:
    packs = [
        Pack.objects.create(account=account, pack_id=f"cp-{number}", name=f"P{number}")
        for number in range(search.SHOWN_PACKS + 1)
    ]
    for pack in (*packs, packs[-1]):
        key = f"cr-{Rule.objects.count()}"
        Rule.objects.create(pack=pack, key=key, name="bucket not public")
    [rule] = search_all("bucket").rules
    assert (len(rule.packs), rule.more_count) == (5, 1)


def test_packs_of_a_rule_that_are_archived_or_gone_come_last_and_say_so(
    account: Account, reader: Client
) -> None:
    create_packs_with_rule(account, 3)
    Pack.objects.filter(pack_id="cp-0").update(archived_at=FRIDAY)
    Pack.objects.filter(pack_id="cp-1").update(gone_at=FRIDAY)
    [rule] = search_all("bucket").rules
    assert [pack.name for _pk, pack in rule.shown_packs] == ["P2", "P0", "P1"]
    page = read_results(reader, "bucket")
    assert page.count(">archived<") == page.count(">gone from the cloud<") == 1


def test_a_rule_is_found_by_the_name_that_a_newer_file_gives(pack: Pack) -> None:
    import_report_bytes(pack, build_workbook(1, 2))
    Rule.objects.update(name="", search_text="")
    import_report_bytes(pack, build_workbook(1, 2), at=FRIDAY + dt.timedelta(days=1))
    assert list_found_rules("公网 IP") == ["ECS 实例未绑定公网 IP 地址 0"]


def test_more_matches_than_are_shown_are_mentioned(account: Account, reader: Client) -> None:
    for number in range(search.MAX_RESULTS + 1):
        Pack.objects.create(account=account, pack_id=f"cp-{number}", name=f"many {number}")
    page = read_results(reader, "many")
    assert page.count('href="/packs/') == search.MAX_RESULTS
    assert re.findall(r'<a href="(/[?][^"]*)">([^<]*many[^<]*|[^<]*home)</a>', page) == [
        ("/?q=many", "Show all 21 packs on home")
    ]
    assert "21 of 21 packs." in reader.get("/?q=many").content.decode()
    Pack.objects.filter(name="many 0").update(archived_at=FRIDAY)
    Pack.objects.all().update_summaries()
    page = read_results(reader, "many")
    assert ">Show all 20 packs on home</a>" in page
    assert '<a href="/?q=many&amp;show=archived">Show 1 archived pack</a>' in page


def test_more_accounts_than_are_shown_are_counted_and_linked_for_those_who_may_see_them(
    admin_client: Client, reader: Client
) -> None:
    for number in range(search.MAX_RESULTS + 1):
        Account.objects.create(uid=f"{number:016}", name=f"many {number}")
    assert '<a href="/accounts/?q=many">Show all 21 accounts</a>' in read_results(
        admin_client, "many"
    )
    page = read_results(reader, "many")
    assert "Show all 21 accounts" in page
    assert 'href="/accounts/?q' not in page


def test_a_deleted_text_is_not_found_any_more(pack: Pack) -> None:
    create_rules(pack, "bucket not public")
    Rule.objects.all().delete()
    assert list_found_rules("bucket") == []


def test_the_index_finds_a_part_without_reading_every_text(pack: Pack) -> None:
    create_resources(pack, 2_000)
    matches = search.select_candidates(PackResource, "i-00177")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
    plan = matches.explain()
    assert len(matches) == 10
    assert "dashboard_packresource_trigrams" in plan
    assert "SCAN dashboard_packresource\n" not in f"{plan}\n"


def test_a_search_of_many_rows_takes_the_same_queries(pack: Pack, reader: Client) -> None:
    def count_queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert "i-bp1" in read_results(reader, "i-bp1")
        return len(captured)

    import_report_bytes(pack, build_workbook(1, 2))
    create_rules(pack, "i-bp1 rule")
    few = count_queries()
    for number in range(10):
        pack = Pack.objects.create(account=pack.account, pack_id=f"i-bp1{number}", name="i-bp1")
        import_report_bytes(pack, build_workbook(5, 20))
        create_rules(pack, *(f"i-bp1 {rule}" for rule in range(30)))
    assert count_queries() == few <= 10


def test_each_pair_of_chinese_characters_stands_on_a_line_of_its_own() -> None:
    assert build_search_text("I-1", "", "生产主机 A") == "i-1\n生产主机 a\n主机\n产主\n生产\n"
    assert build_search_text("I-1") == "i-1"
