"""The accounts and compliance packs of the demo, and the larger sets that a benchmark asks for."""

from dataclasses import dataclass

from dashboard.sandbox.gate import Credential
from dashboard.sandbox.resources import number


@dataclass(frozen=True)
class Account:
    """An account of the cloud with one AccessKey; the keys are public, for they open nothing but the sandbox."""

    uid: str
    name: str
    name_zh: str
    access_key_id: str
    access_key_secret: str

    @property
    def credential(self) -> Credential:
        return Credential(self.access_key_id, self.access_key_secret, self.uid)

    @property
    def temporary_credential(self) -> Credential:
        """The account's STS key, which works with its token only."""
        name = self.access_key_id.removeprefix("LTAI-")
        return Credential(
            f"STS.{name}", f"{self.access_key_secret}-sts", self.uid, token=f"CAIS-{name}-token"
        )


@dataclass(frozen=True)
class PackPlan:
    """What a pack is, and what its reports look like: `rows` evaluations of which a share of about `failing` fails."""

    id: str
    uid: str
    name: str
    description: str
    families: tuple[str, ...]
    language: str = "zh"
    layout: str = "newer"
    file_format: str = "xls"
    rows: int = 400
    failing: float = 0.12
    risk: int = 1
    rules_per_type: int = 99

    @property
    def created_ms(self) -> int:
        """When the pack was made: some time in the months after November 2023."""
        return 1_700_000_000_000 + number("created", self.id) % 20_000_000_000

    @property
    def template_id(self) -> str:
        return f"ct-{number('template', *self.families):032x}"[:23]


PRODUCTION = Account(
    "1024837465912038",
    "Production",
    "生产账号",
    "LTAI-sandbox-production",
    "sandbox-secret-of-production",
)
STAGING = Account(
    "1739264850173625", "Staging", "测试账号", "LTAI-sandbox-staging", "sandbox-secret-of-staging"
)
DEMO_ACCOUNTS = (PRODUCTION, STAGING)
FAMILIES = ("mlps", "network", "oss", "ecs", "database", "permissions", "rmit", "pci")


def demo_packs(large_rows: int) -> tuple[PackPlan, ...]:
    """Return the demo's packs: two languages, two layouts, one false `.xls`, one of a size to choose."""
    production, staging = PRODUCTION.uid, STAGING.uid
    return (
        PackPlan(
            "cp-6f0d62a3b1c94e75a208", production, "等保三级预检合规包",
            "依据网络安全等级保护三级要求，对云上资源进行预检。", ("mlps",), rows=620, failing=0.15,
        ),
        PackPlan(
            "cp-2b8e47d09a6c4f13b5d7", production, "OSS 合规管理最佳实践",
            "检测 OSS 存储空间的访问控制、加密、日志与冗余设置。", ("oss",), rows=360, failing=0.1,
        ),
        PackPlan(
            "cp-91c3f5e7a02b48d6930e", production, "数据库合规管理最佳实践",
            "检测云数据库的网络、审计、加密与到期情况。", ("database",), layout="older", rows=420, risk=2,
        ),
        PackPlan(
            "cp-d47a1b6e8f304c52917a", production, "全量资源安全基线",
            "每类资源一条基线规则，覆盖账号下全部资源。", FAMILIES, rows=large_rows, failing=0.2, risk=2,
            rules_per_type=1,
        ),
        PackPlan(
            "cp-38e9c0d1f7a245b68c14", staging, "RMiT Financial Standard Compliance Pack",
            "Continuous checks for the technology risk requirements of financial institutions.", ("rmit",), "en",
            rows=480, failing=0.14,
        ),
        PackPlan(
            "cp-a5d2708b6c1e4f93b021", staging, "PCI DSS Data Security Standard Pack",
            "Checks for accounts that store, process or transmit cardholder data.", ("pci",), "en", rows=400,
        ),
        PackPlan(
            "cp-0c7e93b5d8f146a2a7f6", staging, "AccessKey and Permission Governance Best Practices",
            "Checks of RAM users, policies and AccessKeys.", ("permissions",), "en", file_format="xlsx", rows=150,
            risk=2,
        ),
        PackPlan(
            "cp-7b15d6f2e09c43a88e35", staging, "Network and Data Security Best Practices",
            "Public access and encryption at a glance.", ("network",), "en", rows=64, failing=0.0, risk=3,
        ),
    )  # fmt: skip


def many_accounts(count: int) -> tuple[Account, ...]:
    """Return accounts by the dozen, each with its own key."""
    return tuple(
        Account(
            f"{1_900_000_000_000_000 + index}",
            f"Account {index + 1}",
            f"账号 {index + 1}",
            f"LTAI-sandbox-{index + 1}",
            f"sandbox-secret-{index + 1}",
        )
        for index in range(count)
    )


def many_packs(accounts: tuple[Account, ...], each: int, rows: int) -> tuple[PackPlan, ...]:
    """Return so many packs for each account, of so many rows."""
    return tuple(
        PackPlan(
            f"cp-{number(account.uid, index):032x}"[:23],
            account.uid,
            f"Pack {index + 1} {FAMILIES[index % len(FAMILIES)]}",
            "One of many.",
            (FAMILIES[index % len(FAMILIES)],),
            "en" if index % 2 else "zh",
            rows=rows,
        )
        for account in accounts
        for index in range(each)
    )
