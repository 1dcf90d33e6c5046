"""Every page with a list stays small when it is compressed."""

import datetime as dt
import gzip

import pytest
from django.test import Client

from dashboard.models import Account, Pack, Report
from tests import sample_files
from tests.views.report_files import FRIDAY, import_report_bytes
from tests.views.rows import create_ready_report

pytestmark = pytest.mark.django_db
MAX_BYTES = 40 * 1024
FIRST_ID = 200_000  # ids are long in an old installation
COUNTS = {
    "compliant": 3570, "failing": 57, "failing_high": 12, "failing_medium": 31,
    "failing_low": 14, "came": 3, "left": 7,
    "changes_by_reason": {"regressed": 2, "new-resource": 1, "fixed": 4, "no-longer-there": 3},
}  # fmt: skip
HEADINGS = (
    "规则ID", "规则名称", "风险等级", "资源类型", "资源ID", "资源名称", "地域", "合规评估结果",
    "不合规原因",
)  # fmt: skip
ID_STEP = 1_000_003  # a prime: ids of neighbours look as different as the cloud's


def create_reports(pack: Pack, number: int, first_id: int) -> None:
    """Create daily ready reports with all that a row of a list can show."""
    for day in range(number):
        counts = {**COUNTS, "compliant": 3500 + 17 * day, "failing": 57 + day}
        create_ready_report(pack, day, pk=first_id + day, rows=4012, content_hash=day % 3, **counts)
    name = f"1024837465912038-cp-541e626622af0087f2c1-report-{FRIDAY:%Y%m%d%H%M}.xls"
    Report.objects.filter(pack=pack).update(file_name=name, evaluated_at=FRIDAY, label="Audit")


def build_workbook(rules: int, resources: int, shift: int = 0) -> bytes:
    """Build a report in which each rule fails every other resource, beginning with `shift`."""
    rows = [HEADINGS]
    for rule in range(rules):
        for resource in range(resources):
            fails = (rule + resource + shift) % 2
            rows.append(
                (
                    f"cr-{(rule + 1) * ID_STEP:020x}",
                    f"ECS 实例未绑定公网 IP 地址 {rule}",
                    "高风险",
                    "ACS::ECS::Instance",
                    f"i-bp1{(resource + 1) * ID_STEP:017x}",
                    f"主机 {resource}",
                    "cn-beijing",
                    "不合规" if fails else "合规",
                    sample_files.build_reason() if fails else "",
                )
            )
    return sample_files.build_xls({"评估结果": rows})


def compressed_size(client: Client, path: str) -> int:
    response = client.get(path)
    assert response.status_code == 200
    return len(gzip.compress(response.content))


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_lists_of_packs_and_reports_are_small(
    account: Account, starter: Client, language: str
) -> None:
    starter.defaults["HTTP_ACCEPT_LANGUAGE"] = language
    packs = [
        Pack.objects.create(account=account, pack_id=f"cp-{number}", name=f"等保三级预检 {number}")
        for number in range(50)
    ]
    create_reports(packs[0], 70, FIRST_ID)
    for number, pack in enumerate(packs[1:], 1):
        create_reports(pack, 4, FIRST_ID + 100 * number)
    for path in ("/", "/reports/", f"/packs/{packs[0].pk}/", f"/packs/{packs[0].pk}/trend/"):
        assert compressed_size(starter, path) <= MAX_BYTES, path


def test_the_lists_of_a_report_and_of_a_comparison_are_small(pack: Pack, reader: Client) -> None:
    older = import_report_bytes(pack, build_workbook(40, 40))
    newer = import_report_bytes(
        pack, build_workbook(40, 40, shift=1), at=FRIDAY + dt.timedelta(days=1)
    )
    for path in (
        f"/reports/{newer.pk}/",
        f"/reports/{newer.pk}/resources/",
        f"/reports/{newer.pk}/sheets/0/",
        f"/packs/{pack.pk}/compare/{older.pk}/{newer.pk}/",
    ):
        assert compressed_size(reader, path) <= MAX_BYTES, path
