"""Accounts of Alibaba Cloud, their compliance packs, and the packs' rules."""

import datetime as dt
import re
from collections.abc import Iterable
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.validators import RegexValidator
from django.db import connection, models, transaction
from django.utils.translation import gettext_lazy as _

from dashboard.models.evaluations import Risk
from dashboard.models.pack_summaries import PackSummary
from dashboard.models.search_texts import build_search_text, fold_lines

ACCOUNT_UID_PATTERN = r"^\d{16}$"


class SecretUnreadableError(Exception):
    """None of the keys in the settings decrypts the stored secret."""


def build_secret_cipher() -> MultiFernet:
    """Return a cipher that encrypts with the first key of the settings and decrypts with any."""
    return MultiFernet([Fernet(key) for key in settings.ENCRYPTION_KEYS])


def is_account_uid(text: str) -> bool:
    """Return whether the text is an account id: 16 digits."""
    return re.fullmatch(ACCOUNT_UID_PATTERN, text, re.ASCII) is not None


class Account(models.Model):
    """An Alibaba Cloud account, and the AccessKey for calling its API.

    The AccessKey secret is stored encrypted and never shown.
    """

    class Site(models.TextChoices):
        CHINA = "china", _("China site")
        INTERNATIONAL = "international", _("International site")

    name = models.CharField(_("name"), max_length=100)
    uid = models.CharField(
        _("account ID"),
        max_length=16,
        unique=True,
        validators=[RegexValidator(ACCOUNT_UID_PATTERN, _("An account ID has 16 digits."))],
    )
    site = models.CharField(_("site"), max_length=13, choices=Site, default=Site.CHINA)
    endpoint = models.CharField(
        _("endpoint"),
        max_length=200,
        blank=True,
        help_text=_(
            "Leave empty for the public endpoint, or enter a VPC endpoint or the sandbox's address."
        ),
    )
    access_key_id = models.CharField(_("AccessKey ID"), max_length=128, blank=True)
    secret_encrypted = models.BinaryField(editable=False, default=b"")
    fetches_results = models.BooleanField(
        _("fetch evaluation results"),
        default=True,
        help_text=_(
            "Fetches the evaluation results of a pack beside each report, compliant ones too. "
            "Needs the RAM action config:ListConfigRuleEvaluationResults."
        ),
    )
    packs_refreshed_at = models.DateTimeField(null=True, editable=False)
    # The account that an AccessKey belongs to, as the cloud's identity service (STS) says; the
    # AccessKey that was asked about; when it was asked last, and when it last answered.
    caller_account_uid = models.CharField(max_length=32, blank=True, editable=False)
    caller_access_key_id = models.CharField(max_length=128, blank=True, editable=False)
    caller_asked_at = models.DateTimeField(null=True, editable=False)
    verified_at = models.DateTimeField(null=True, editable=False)
    # When the next calls are allowed (see generation/rate_limit.py): `generate_free_at` for
    # generating a report, `results_free_at` for a page of evaluation results, `list_free_at` for a
    # page of the list of packs or for evaluating a pack, `ask_free_at` for all other calls.
    generate_free_at = models.DateTimeField(null=True, editable=False)
    ask_free_at = models.DateTimeField(null=True, editable=False)
    list_free_at = models.DateTimeField(null=True, editable=False)
    results_free_at = models.DateTimeField(null=True, editable=False)
    # Name and id, as fold_lines makes them.
    search_text = models.TextField(editable=False, db_default="")

    class Meta:
        ordering = ("name", "uid")

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        """Save the account, and in the same transaction what its packs' summaries copy from it."""
        if update_fields is not None and "name" not in update_fields:
            super().save(*args, update_fields=update_fields, **kwargs)
            return
        self.search_text = fold_lines(self.name, self.uid)
        if update_fields is not None:
            update_fields = {*update_fields, "search_text"}
        with transaction.atomic():
            super().save(*args, update_fields=update_fields, **kwargs)
            Pack.objects.filter(account=self.pk).update_summaries()

    @property
    def has_access_key(self) -> bool:
        return bool(self.access_key_id and self.secret_encrypted)

    @property
    def secret(self) -> str:
        """The AccessKey secret. Raises SecretUnreadableError if it cannot be decrypted."""
        try:
            return build_secret_cipher().decrypt(bytes(self.secret_encrypted)).decode()
        except InvalidToken as error:
            raise SecretUnreadableError from error

    @secret.setter
    def secret(self, value: str) -> None:
        self.secret_encrypted = build_secret_cipher().encrypt(value.encode())

    @property
    def is_verified(self) -> bool:
        """Whether the cloud has said that the present AccessKey belongs to this account."""
        return bool(self.verified_at) and self.key_owner_uid == self.uid

    @property
    def key_owner_uid(self) -> str:
        """The account that the present AccessKey belongs to; empty if the cloud has not said it."""
        is_present_key = self.caller_access_key_id == self.access_key_id
        return self.caller_account_uid if is_present_key else ""

    def reencrypt_secret(self) -> None:
        """Encrypt the secret again with the first key of the settings, and save it."""
        self.secret_encrypted = build_secret_cipher().rotate(bytes(self.secret_encrypted))
        self.save(update_fields=["secret_encrypted"])


# The fields of a pack and of its account that its summary copies.
COPIED_FIELDS = (
    "archived_at", "gone_at", "imported", "name", "pack_id", "account__name", "account__uid",
)  # fmt: skip


class PackQuerySet(models.QuerySet["Pack"]):
    def bulk_create(self, objs: Iterable["Pack"], *args: Any, **kwargs: Any) -> "list[Pack]":
        """Create packs and, in the same transaction, their summaries."""
        with transaction.atomic():
            packs = super().bulk_create(objs, *args, **kwargs)
            Pack.objects.filter(pk__in=[pack.pk for pack in packs]).update_summaries()
        return packs

    def in_cloud(self) -> "PackQuerySet":
        """Return the packs that existed in the cloud when they were last refreshed."""
        return self.filter(gone_at=None, imported=False)

    def update_summaries(self) -> None:
        """Create the missing summaries of these packs, and copy into all what they copy."""
        packs = self.select_related("account").only(*COPIED_FIELDS)
        ordered_packs = packs.order_by("pk")  # see lock_in_order
        PackSummary.objects.bulk_create(
            [PackSummary(pack=pack, **pack.summary_copies) for pack in ordered_packs],
            update_conflicts=True,
            unique_fields=["pack"],
            update_fields=["account", "archived", "gone", "imported", "search_text"],
        )

    def lock_in_order(self) -> "list[Pack]":
        """Lock these packs and their summaries until the transaction ends, and return the packs.

        Transactions that write the summaries of several packs lock them in the order of the packs'
        ids, so that there is no deadlock. `no_key`: reports can still be inserted meanwhile.
        """
        packs = list(self.order_by("pk").select_for_update(no_key=True))
        if connection.features.has_select_for_update:
            summaries = PackSummary.objects.filter(pack__in=packs).order_by("pk")
            list(summaries.select_for_update(no_key=True).values_list("pk"))
        return packs

    def lock_row(self, pk: int) -> None:
        """Lock the pack until the transaction ends.

        Only one report of a pack may be stored at a time.

        On SQLite every transaction that writes locks the whole database already.
        """
        if connection.features.has_select_for_update:
            # `no_key`: rows that refer to the pack can still be inserted meanwhile.
            self.select_for_update(no_key=True).filter(pk=pk).values_list("pk").get()


class Pack(models.Model):
    """A compliance pack as last seen in the cloud. A pack deleted in the cloud is kept here."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="packs")
    pack_id = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    risk = models.PositiveSmallIntegerField(choices=Risk, default=Risk.NOT_STATED)
    template_id = models.CharField(max_length=64, blank=True)
    # When the pack was found to be missing in the cloud; null if it exists there.
    gone_at = models.DateTimeField(null=True)
    # True if an import created the pack and it has not been seen in the cloud.
    imported = models.BooleanField(default=False)
    # When and by whom the pack was hidden from home, from generating all reports and from the
    # numbers of packs that need attention; null if it is not hidden.
    archived_at = models.DateTimeField(null=True)
    archived_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    objects = PackQuerySet.as_manager()

    class Meta:
        ordering = ("account__name", "name", "pack_id")
        constraints = [
            models.UniqueConstraint(
                fields=["account", "pack_id"], name="a_pack_is_in_an_account_once"
            )
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save the pack, and in the same transaction what its summary copies from it."""
        with transaction.atomic():
            super().save(*args, **kwargs)
            # From the stored row: this object may be older in fields that it did not save.
            Pack.objects.filter(pk=self.pk).update_summaries()

    @property
    def summary_copies(self) -> dict[str, Any]:
        """The values that the pack's summary copies, by the names of its fields."""
        return {
            "account_id": self.account_id,
            "archived": self.archived_at is not None,
            "gone": self.gone_at is not None,
            "imported": self.imported,
            "search_text": fold_lines(self.name, self.pack_id, self.account.name, self.account.uid),
        }

    @property
    def is_active(self) -> bool:
        """Whether its latest report is its present state: it is neither archived nor gone."""
        return not self.archived_at and not self.gone_at

    @property
    def is_in_cloud(self) -> bool:
        """Whether the pack existed in the cloud when it was last refreshed."""
        return not self.gone_at and not self.imported

    def mark_gone(self, at: dt.datetime) -> None:
        """Save that the pack no longer exists in the cloud."""
        self.gone_at = at
        self.save(update_fields=["gone_at"])


class Rule(models.Model):
    """A rule of a pack. Its key is the rule's ID or, if the file states none, its name."""

    pack = models.ForeignKey(Pack, on_delete=models.CASCADE, related_name="rules")
    key = models.CharField(max_length=300)
    rule_id = models.CharField(max_length=64, blank=True)
    name = models.CharField(max_length=300)
    identifier = models.CharField(max_length=200, blank=True)
    description = models.TextField(blank=True)
    remediation = models.TextField(blank=True)
    # Name, identifier and id, as build_search_text makes it.
    search_text = models.TextField(editable=False, db_default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["pack", "key"], name="a_rule_is_in_a_pack_once")
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.search_text = build_search_text(self.name, self.identifier, self.rule_id)
        super().save(*args, **kwargs)
