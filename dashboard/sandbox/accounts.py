"""The accounts and packs that the sandbox simulates: those of the demo, and many for benchmarks."""

from dataclasses import dataclass

from dashboard.sandbox.authentication import Credential
from dashboard.sandbox.resources import build_cloud_id, hash_to_number


@dataclass(frozen=True)
class SandboxAccount:
    """A cloud account with one AccessKey, which is no secret: it is valid only in the sandbox."""

    uid: str
    name: str
    name_zh: str
    access_key_id: str
    access_key_secret: str

    @property
    def credential(self) -> Credential:
        """The account's AccessKey."""
        return Credential(self.access_key_id, self.access_key_secret, self.uid)

    @property
    def temporary_credential(self) -> Credential:
        """A temporary (STS) key of the account, which is valid only together with its token."""
        name = self.access_key_id.removeprefix("LTAI-")
        return Credential(
            id=f"STS.{name}",
            secret=f"{self.access_key_secret}-sts",
            uid=self.uid,
            token=f"CAIS-{name}-token",
        )


@dataclass(frozen=True)
class SandboxPack:
    """The definition of a compliance pack and of its reports.

    `uid` is the id of its account. The pack has the rules of the pack templates named in
    `families`, but at most `rules_per_type` rules for each resource type. `rows` is the approximate
    number of evaluations in a report, and `failing_share` the approximate share of evaluations that
    are non-compliant. `language` is "zh" or "en", and `file_format` is "xls" or "xlsx". `layout` is
    "documented", "newer" or "older" (see report_files).
    """

    id: str
    uid: str
    name: str
    description: str
    families: tuple[str, ...]
    language: str = "zh"
    layout: str = "documented"
    file_format: str = "xls"
    rows: int = 400
    failing_share: float = 0.12
    risk: int = 1
    rules_per_type: int = 99

    @property
    def created_ms(self) -> int:
        """The creation time in milliseconds: a fixed time in the months after November 2023."""
        return 1_700_000_000_000 + hash_to_number("created", self.id) % 20_000_000_000

    @property
    def template_id(self) -> str:
        """An id in the cloud's form, the same for packs of the same families."""
        return build_cloud_id("ct", "template", *self.families)


PRODUCTION = SandboxAccount(
    uid="1024837465912038",
    name="Production",
    name_zh="生产账号",
    access_key_id="LTAI-sandbox-production",
    access_key_secret="sandbox-secret-of-production",  # noqa: S106  # valid only in the sandbox
)
STAGING = SandboxAccount(
    uid="1739264850173625",
    name="Staging",
    name_zh="测试账号",
    access_key_id="LTAI-sandbox-staging",
    access_key_secret="sandbox-secret-of-staging",  # noqa: S106  # valid only in the sandbox
)
DEMO_ACCOUNTS = (PRODUCTION, STAGING)
# The names of the pack templates, as in the table of managed rules.
FAMILIES = ("mlps", "network", "oss", "ecs", "database", "permissions", "rmit", "pci")


def build_demo_packs(large_rows: int) -> tuple[SandboxPack, ...]:
    """Return the demo's packs, in two languages; three of them have richer layouts.

    One pack has about `large_rows` evaluations. The report files of another pack are .xlsx files
    whose names end with .xls.
    """
    return (
        SandboxPack(
            id="cp-6f0d62a3b1c94e75a208",
            uid=PRODUCTION.uid,
            name="等保三级预检合规包",
            description="依据网络安全等级保护三级要求，对云上资源进行预检。",
            families=("mlps",),
            layout="newer",
            rows=620,
            failing_share=0.15,
        ),
        SandboxPack(
            id="cp-2b8e47d09a6c4f13b5d7",
            uid=PRODUCTION.uid,
            name="OSS 合规管理最佳实践",
            description="检测 OSS 存储空间的访问控制、加密、日志与冗余设置。",
            families=("oss",),
            rows=400,
            failing_share=0.1,
        ),
        SandboxPack(
            id="cp-91c3f5e7a02b48d6930e",
            uid=PRODUCTION.uid,
            name="数据库合规管理最佳实践",
            description="检测云数据库的网络、审计、加密与到期情况。",
            families=("database",),
            layout="older",
            rows=420,
            risk=2,
        ),
        SandboxPack(
            id="cp-d47a1b6e8f304c52917a",
            uid=PRODUCTION.uid,
            name="全量资源安全基线",
            description="每类资源一条基线规则，覆盖账号下全部资源。",
            families=FAMILIES,
            rows=large_rows,
            failing_share=0.2,
            risk=2,
            rules_per_type=1,
        ),
        SandboxPack(
            id="cp-38e9c0d1f7a245b68c14",
            uid=STAGING.uid,
            name="RMiT Financial Standard Compliance Pack",
            description=(
                "Continuous checks for the technology risk requirements of financial institutions."
            ),
            families=("rmit",),
            language="en",
            layout="newer",
            rows=480,
            failing_share=0.14,
        ),
        SandboxPack(
            id="cp-a5d2708b6c1e4f93b021",
            uid=STAGING.uid,
            name="PCI DSS Data Security Standard Pack",
            description="Checks for accounts that store, process or transmit cardholder data.",
            families=("pci",),
            language="en",
            rows=400,
        ),
        SandboxPack(
            id="cp-0c7e93b5d8f146a2a7f6",
            uid=STAGING.uid,
            name="AccessKey and Permission Governance Best Practices",
            description="Checks of RAM users, policies and AccessKeys.",
            families=("permissions",),
            language="en",
            file_format="xlsx",
            rows=150,
            risk=2,
        ),
        SandboxPack(
            id="cp-7b15d6f2e09c43a88e35",
            uid=STAGING.uid,
            name="Network and Data Security Best Practices",
            description="Public access and encryption at a glance.",
            families=("network",),
            language="en",
            rows=64,
            failing_share=0.0,
            risk=3,
        ),
    )


# The accounts of a company: one for each unit and environment.
UNITS = (
    ("Payments", "支付平台"), ("Lending", "信贷业务"), ("Insurance", "保险业务"),
    ("Retail", "零售业务"), ("Logistics", "物流平台"), ("Procurement", "采购平台"),
    ("Customer Service", "客户服务"), ("Marketing", "市场营销"), ("Data Platform", "数据平台"),
    ("Search", "搜索平台"), ("Messaging", "消息平台"), ("Identity", "统一身份"),
    ("Finance", "财务系统"), ("Human Resources", "人力资源"), ("Office", "办公系统"),
    ("Security", "安全中心"), ("Networks", "基础网络"), ("Development", "研发平台"),
    ("Manufacturing", "生产制造"), ("Mobile", "移动应用"),
)  # fmt: skip
ENVIRONMENTS = (
    ("production", "生产"), ("staging", "预发"), ("test", "测试"),
    ("recovery", "容灾"), ("partners", "合作方"),
)  # fmt: skip
# The pack of each family: its name and its language.
PACK_NAMES = (
    ("等保三级预检合规包", "zh"),
    ("Network and Data Security Best Practices", "en"),
    ("OSS 合规管理最佳实践", "zh"),
    ("ECS 合规管理最佳实践", "zh"),
    ("数据库合规管理最佳实践", "zh"),
    ("AccessKey and Permission Governance Best Practices", "en"),
    ("RMiT Financial Standard Compliance Pack", "en"),
    ("PCI DSS Data Security Standard Pack", "en"),
)


def build_many_accounts(count: int) -> tuple[SandboxAccount, ...]:
    """Return `count` accounts, each with its own AccessKey."""
    accounts = []
    for index in range(count):
        unit, unit_zh = UNITS[index % len(UNITS)]
        environment, environment_zh = ENVIRONMENTS[index // len(UNITS) % len(ENVIRONMENTS)]
        number = index // (len(UNITS) * len(ENVIRONMENTS))
        suffix = f" {number + 1}" if number else ""
        accounts.append(
            SandboxAccount(
                uid=f"{1_900_000_000_000_000 + index}",
                name=f"{unit}, {environment}{suffix}",
                name_zh=f"{unit_zh}·{environment_zh}{suffix}",
                access_key_id=f"LTAI-sandbox-{index + 1}",
                access_key_secret=f"sandbox-secret-{index + 1}",
            )
        )
    return tuple(accounts)


def build_many_packs(
    accounts: tuple[SandboxAccount, ...],
    packs_per_account: int,
    rows: int,
    layout: str = "documented",
) -> tuple[SandboxPack, ...]:
    """Return `packs_per_account` packs for each account, each with about `rows` evaluations."""
    return tuple(
        build_numbered_pack(account.uid, index, rows, layout)
        for account in accounts
        for index in range(packs_per_account)
    )


def build_numbered_pack(uid: str, index: int, rows: int, layout: str) -> SandboxPack:
    """Return the pack with this index of an account."""
    name, language = PACK_NAMES[index % len(PACK_NAMES)]
    number = index // len(PACK_NAMES)
    return SandboxPack(
        id=build_cloud_id("cp", uid, index),
        uid=uid,
        name=f"{name} {number + 1}" if number else name,
        description="One of many.",
        families=(FAMILIES[index % len(FAMILIES)],),
        language=language,
        layout=layout,
        rows=rows,
    )
