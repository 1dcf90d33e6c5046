"""Build the cloud resources of the sandbox, with ids, names, regions and tags in the cloud's form.

The same seed always gives the same resources.
"""

from dataclasses import dataclass
from hashlib import blake2b
from typing import NamedTuple

REGIONS = {
    "cn-hangzhou": "bp1",
    "cn-shanghai": "uf6",
    "cn-beijing": "2ze",
    "cn-shenzhen": "wz9",
    "ap-southeast-1": "t4n",
}
"""The regions, each with the code that resource ids have between the prefix and the number."""
# The fictitious systems that the resources belong to; they appear in names and tags.
SYSTEMS = (
    "web",
    "order",
    "payment",
    "search",
    "report",
    "gateway",
    "archive",
    "mail",
    "stock",
    "billing",
)
BASE36_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


class ResourceType(NamedTuple):
    """The beginning of the ids of a resource type, and how frequent the type is.

    No account has resources of a type with weight 0.
    """

    id_prefix: str
    weight: float


RESOURCE_TYPES = {
    "ACS::ACK::Cluster": ResourceType("c", 0.4),
    "ACS::ActionTrail::Trail": ResourceType("trail-", 0.1),
    "ACS::ALB::LoadBalancer": ResourceType("alb-", 0.5),
    "ACS::ECS::AutoSnapshotPolicy": ResourceType("sp-", 0.5),
    "ACS::ECS::Disk": ResourceType("d-", 5),
    "ACS::ECS::Instance": ResourceType("i-", 4),
    "ACS::ECS::SecurityGroup": ResourceType("sg-", 3),
    "ACS::EIP::EipAddress": ResourceType("eip-", 2),
    "ACS::ESS::ScalingGroup": ResourceType("asg-", 0),
    "ACS::HBase::Cluster": ResourceType("hb-", 0),
    "ACS::KMS::Key": ResourceType("key-hzz", 1),
    "ACS::MongoDB::DBInstance": ResourceType("dds-", 1),
    "ACS::OSS::Bucket": ResourceType("", 3),
    "ACS::PolarDB::DBCluster": ResourceType("pc-", 1),
    "ACS::RAM::Group": ResourceType("", 0.5),
    "ACS::RAM::Policy": ResourceType("", 1),
    "ACS::RAM::User": ResourceType("", 4),
    "ACS::RDS::DBInstance": ResourceType("rm-", 2),
    "ACS::Redis::DBInstance": ResourceType("r-", 1),
    "ACS::SLB::LoadBalancer": ResourceType("lb-", 1),
}


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource of an account; `tags` has the form `key=value;key=value`, as in the console."""

    id: str
    name: str
    type: str
    region: str
    uid: str
    tags: str


def hash_to_number(*parts: object) -> int:
    """Return a 128-bit number that is the same for the same parts on every machine."""
    digest = blake2b("/".join(map(str, parts)).encode(), digest_size=16).digest()
    return int.from_bytes(digest, "big")


def build_cloud_id(prefix: str, *parts: object) -> str:
    """Return an id in the cloud's form, such as `cp-` and 20 hex digits, fixed by the parts."""
    return f"{prefix}-{hash_to_number(*parts):032x}"[: len(prefix) + 21]


def build_resource(seed: int, uid: str, resource_type: str, index: int) -> Resource:
    """Return the resource with this index among the account's resources of this type.

    The form of its id, name and region depends on the type.
    """
    number = hash_to_number(seed, uid, resource_type, index)
    system = SYSTEMS[number % len(SYSTEMS)]
    environment = "prod" if hash_to_number(uid) % 2 else "test"
    region = tuple(REGIONS)[number // 10 % len(REGIONS)]
    name = f"{system}-{resource_type.split('::')[1].lower()}-{index + 1:03d}"
    code = _format_base36(number, 15)
    if resource_type == "ACS::OSS::Bucket":
        resource_id = name = f"{system}-{environment}-{code[:6]}"
    elif resource_type == "ACS::RAM::User":
        region, resource_id = "global", f"2{number % 10**17:017d}"
    elif resource_type.startswith("ACS::RAM::"):
        kind = resource_type.split("::")[2].lower()
        region, resource_id = "global", f"{system}-{kind}-{code[:4]}"
    elif resource_type == "ACS::ACK::Cluster":
        resource_id = f"c{number:032x}"
    elif resource_type == "ACS::ActionTrail::Trail":
        resource_id = name = f"trail-{system}-{code[:4]}"
    else:
        resource_id = f"{RESOURCE_TYPES[resource_type].id_prefix}{REGIONS[region]}{code}"
    tags = f"env={environment};system={system}"
    return Resource(
        id=resource_id, name=name, type=resource_type, region=region, uid=uid, tags=tags
    )


def _format_base36(number: int, length: int) -> str:
    """Return the lowest `length` digits of a number in base 36, the lowest digit first."""
    digits = []
    for _ in range(length):
        number, digit = divmod(number, 36)
        digits.append(BASE36_DIGITS[digit])
    return "".join(digits)
