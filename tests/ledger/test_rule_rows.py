"""The rules of a file become rows of the pack, each a row of its own."""

import pytest

from dashboard.ledger import rule_rows
from dashboard.models import Pack
from dashboard.workbook import RuleInfo

pytestmark = pytest.mark.django_db


def build_info(number: int, name: str) -> RuleInfo:
    return RuleInfo(number=number, key=name, rule_id="", name=name, by_name=True)


def test_rules_alike_in_their_first_300_characters_are_told_apart(pack: Pack) -> None:
    infos = [build_info(number, "x" * 300 + str(number)) for number in range(2)]
    rule_ids = rule_rows.store_rules(pack, infos)
    assert len(set(rule_ids.values())) == 2
    assert rule_rows.store_rules(pack, infos) == rule_ids
    assert max(len(rule.key) for rule in pack.rules.all()) <= rule_rows.MAX_KEY_LENGTH


def test_a_key_of_300_characters_stays_as_it_is(pack: Pack) -> None:
    rule_rows.store_rules(pack, [build_info(0, "y" * 300)])
    assert pack.rules.get().key == "y" * 300
