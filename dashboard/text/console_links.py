"""Links to resources in the web console of Alibaba Cloud."""

import re
from urllib.parse import quote

from dashboard.models import Account, Evaluation

CONSOLE_DOMAINS = {Account.Site.CHINA: "aliyun.com", Account.Site.INTERNATIONAL: "alibabacloud.com"}
URL_PATTERNS = {
    "ACS::ECS::Instance": "https://ecs.console.{domain}/server/{id}/detail?regionId={region}",
    "ACS::OSS::Bucket": "https://oss.console.{domain}/bucket/oss-{region}/{id}/overview",
    "ACS::RDS::DBInstance": (
        "https://rdsnext.console.{domain}/detail/{id}/basicInfo?region={region}"
    ),
    "ACS::SLB::LoadBalancer": "https://slb.console.{domain}/slb/{region}/slbs/{id}",
    "ACS::VPC::VPC": "https://vpc.console.{domain}/vpc/{region}/vpcs/{id}",
    "ACS::VPC::VSwitch": "https://vpc.console.{domain}/vpc/{region}/switches/{id}",
}
REGION_FORM = re.compile(r"[a-z]{2}-[a-z0-9-]+")


def resource_console_url(evaluation: Evaluation, account: Account) -> str:
    """Return the URL of an evaluation's resource in the console.

    Return "" if the URLs of this resource type are not known or the region is not valid.
    """
    pattern = URL_PATTERNS.get(evaluation.resource_type, "")
    region = evaluation.region.removeprefix("oss-")
    if not REGION_FORM.fullmatch(region):
        return ""
    domain = CONSOLE_DOMAINS[Account.Site(account.site)]
    return pattern.format(domain=domain, id=quote(evaluation.resource_id, safe=""), region=region)
