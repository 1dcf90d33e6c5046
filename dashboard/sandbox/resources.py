"""Resources that look like real ones: ids, names, regions and tags, fixed by a seed."""

from dataclasses import dataclass
from hashlib import blake2b

REGIONS = {
    "cn-hangzhou": "bp1",
    "cn-shanghai": "uf6",
    "cn-beijing": "2ze",
    "cn-shenzhen": "wz9",
    "ap-southeast-1": "t4n",
}
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
ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"

# How the id of a type begins, and how many of its kind there are for each other (0: the estate has none).
TYPES: dict[str, tuple[str, float]] = {
    "ACS::ACK::Cluster": ("c", 0.4),
    "ACS::ActionTrail::Trail": ("trail-", 0.1),
    "ACS::ALB::LoadBalancer": ("alb-", 0.5),
    "ACS::ECS::AutoSnapshotPolicy": ("sp-", 0.5),
    "ACS::ECS::Disk": ("d-", 5),
    "ACS::ECS::Instance": ("i-", 4),
    "ACS::ECS::SecurityGroup": ("sg-", 3),
    "ACS::EIP::EipAddress": ("eip-", 2),
    "ACS::ESS::ScalingGroup": ("asg-", 0),
    "ACS::HBase::Cluster": ("hb-", 0),
    "ACS::KMS::Key": ("key-hzz", 1),
    "ACS::MongoDB::DBInstance": ("dds-", 1),
    "ACS::OSS::Bucket": ("", 3),
    "ACS::PolarDB::DBCluster": ("pc-", 1),
    "ACS::RAM::Group": ("", 0.5),
    "ACS::RAM::Policy": ("", 1),
    "ACS::RAM::User": ("", 4),
    "ACS::RDS::DBInstance": ("rm-", 2),
    "ACS::Redis::DBInstance": ("r-", 1),
    "ACS::SLB::LoadBalancer": ("lb-", 1),
}


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource of an account; `tags` as the console writes them, `key=value` joined by semicolons."""

    id: str
    name: str
    type: str
    region: str
    uid: str
    tags: str


def number(*parts: object) -> int:
    """Return the same 128-bit number for the same parts, on every machine."""
    return int.from_bytes(
        blake2b("/".join(map(str, parts)).encode(), digest_size=16).digest(), "big"
    )


def make(seed: int, uid: str, kind: str, index: int) -> Resource:
    """Return the account's resource of that type with that index."""
    fate = number(seed, uid, kind, index)
    system, environment = SYSTEMS[fate % 10], "prod" if number(uid) % 2 else "test"
    region = tuple(REGIONS)[fate // 10 % len(REGIONS)]
    name = f"{system}-{kind.split('::')[1].lower()}-{index + 1:03d}"
    prefix = TYPES[kind][0]
    code = _code(fate, 15)
    if kind == "ACS::OSS::Bucket":
        resource_id = name = f"{system}-{environment}-{code[:6]}"
    elif kind == "ACS::RAM::User":
        region, resource_id = "global", f"2{fate % 10**17:017d}"
    elif kind.startswith("ACS::RAM::"):
        region, resource_id = "global", f"{system}-{kind.split('::')[2].lower()}-{code[:4]}"
    elif kind == "ACS::ACK::Cluster":
        resource_id = f"c{fate:032x}"
    elif kind == "ACS::ActionTrail::Trail":
        resource_id = name = f"trail-{system}-{code[:4]}"
    else:
        resource_id = f"{prefix}{REGIONS[region]}{code}"
    return Resource(resource_id, name, kind, region, uid, f"env={environment};system={system}")


def _code(fate: int, length: int) -> str:
    digits = []
    for _ in range(length):
        fate, digit = divmod(fate, 36)
        digits.append(ALPHABET[digit])
    return "".join(digits)
