"""What a row of each list costs in bytes of HTML: the difference of two pages by the rows that one has more."""

import datetime as dt

import pytest
from django.test import Client

from dashboard.models import Account, Pack, Report
from tests import files
from tests.web.report_files import FRIDAY, entered
from tests.web.rows import received

pytestmark = pytest.mark.django_db
KIB = 1024
FAR = 200_000  # where ids of many years' reports stand
FIGURES = {
    "compliant": 3570, "failing": 57, "failing_high": 12, "failing_medium": 31, "failing_low": 14, "new": 3, "fixed": 7,
}  # fmt: skip


SLOTS = 1_000_003  # a prime: neighbouring numbers get ids that look as the cloud's do


def many(pack: Pack) -> None:
    """Thirty ready reports, each with its three times, a file of the cloud's own name, and all figures."""
    for day in range(30):
        received(pack, day, pk=FAR + day, rows=4012, content_hash=day, **FIGURES)
    name = f"1024837465912038-cp-541e626622af0087f2c1-report-{FRIDAY:%Y%m%d%H%M}.xls"
    Report.objects.update(file_name=name, evaluated_at=FRIDAY)


def listing(rules: int, resources: int, shift: int = 0) -> bytes:
    """A report in which each rule judges each resource, and one in two fails, the others in the next one."""
    head = (
        "规则ID",
        "规则名称",
        "风险等级",
        "资源类型",
        "资源ID",
        "资源名称",
        "地域",
        "合规评估结果",
        "不合规原因",
    )
    rows: list[tuple[str, ...]] = [head]
    for rule in range(rules):
        for resource in range(resources):
            fails = (rule + resource + shift) % 2
            code, named = f"cr-{(rule + 1) * SLOTS:020x}", f"i-bp1{(resource + 1) * SLOTS:017x}"
            status = ("不合规", files.reason()) if fails else ("合规", "")
            name = f"ECS 实例未绑定公网 IP 地址 {rule}"
            rows.append(
                (
                    code,
                    name,
                    "高风险",
                    "ACS::ECS::Instance",
                    named,
                    f"主机 {resource}",
                    "cn-beijing",
                    *status,
                )
            )
    return files.xls({"评估结果": rows})


def weight(reader: Client, more: str, fewer: str, row: str) -> float:
    """Bytes of a row, of which `row` is the beginning."""
    bodies = [reader.get(path).content for path in (more, fewer)]
    counts = [body.count(row.encode()) for body in bodies]
    assert counts[0] > counts[1] > 0
    return (len(bodies[0]) - len(bodies[1])) / (counts[0] - counts[1])


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_row_of_the_history_weighs_less_than_a_kibibyte(
    pack: Pack, reader: Client, language: str
) -> None:
    many(pack)
    reader.defaults["HTTP_ACCEPT_LANGUAGE"] = language
    assert weight(reader, "/reports/", "/reports/?page=2", "<tr><th scope=") < KIB


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_row_of_a_pack_with_its_two_choices_weighs_about_a_kibibyte(
    pack: Pack, reader: Client, language: str
) -> None:
    many(pack)
    reader.defaults["HTTP_ACCEPT_LANGUAGE"] = language
    row = weight(reader, f"/packs/{pack.pk}/", f"/packs/{pack.pk}/?page=2", "<tr><td><input")
    assert row < 1.1 * KIB


def test_a_row_of_home_weighs_less_than_a_kibibyte(account: Account, starter: Client) -> None:
    for number in range(6):
        name = f"等保三级预检合规包 {number}"
        pack = Pack.objects.create(
            pk=1000 + number, account=account, pack_id=f"cp-{number}", name=name
        )
        for day in range(12):
            received(
                pack, day, pk=FAR + 100 * number + day, **FIGURES | {"compliant": 3500 + 10 * day}
            )
    more = len(starter.get("/").content)
    Report.objects.filter(pack__lt=1003).delete()
    Pack.objects.filter(pk__lt=1003).delete()
    assert (more - len(starter.get("/").content)) / 3 < KIB


def test_a_rule_and_a_resource_of_a_report_weigh_less_than_a_kibibyte(
    pack: Pack, reader: Client
) -> None:
    many_rules, few_rules = (
        entered(pack, listing(40, 3)),
        entered(pack, listing(4, 3), at=FRIDAY + dt.timedelta(days=1)),
    )
    assert (
        weight(
            reader, f"/reports/{many_rules.pk}/", f"/reports/{few_rules.pk}/", '<tbody id="rule-'
        )
        < KIB
    )
    rows = f"/reports/{many_rules.pk}/resources/?page="
    assert weight(reader, f"{rows}1", f"{rows}3", "<tbody><tr") < KIB


def test_a_changed_resource_weighs_less_than_a_kibibyte(pack: Pack, reader: Client) -> None:
    older = entered(pack, listing(4, 40))
    newer = entered(pack, listing(4, 40, shift=1), at=FRIDAY + dt.timedelta(days=1))
    rows = f"/packs/{pack.pk}/compare/{older.pk}/{newer.pk}/?page="
    assert weight(reader, f"{rows}1", f"{rows}2", "<tr><th scope") < KIB
