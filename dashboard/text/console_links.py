"""Where a resource stands in the cloud's own console, for the kinds whose addresses are known."""

import re
from urllib.parse import quote

from dashboard.models import Account, Evaluation

DOMAINS = {Account.Site.CHINA: "aliyun.com", Account.Site.INTERNATIONAL: "alibabacloud.com"}
ADDRESSES = {
    "ACS::ECS::Instance": "https://ecs.console.{domain}/server/{id}/detail?regionId={region}",
    "ACS::OSS::Bucket": "https://oss.console.{domain}/bucket/oss-{region}/{id}/overview",
    "ACS::RDS::DBInstance": "https://rdsnext.console.{domain}/detail/{id}/basicInfo?region={region}",
}
REGION = re.compile(r"[a-z]{2}-[a-z0-9-]+")


def resource_console_url(evaluation: Evaluation, account: Account) -> str:
    """The resource's page in the console, empty where it is not known."""
    pattern = ADDRESSES.get(evaluation.resource_type, "")
    region = evaluation.region.removeprefix("oss-")
    if not REGION.fullmatch(region):
        return ""
    domain = DOMAINS[Account.Site(account.site)]
    return pattern.format(domain=domain, id=quote(evaluation.resource_id, safe=""), region=region)
