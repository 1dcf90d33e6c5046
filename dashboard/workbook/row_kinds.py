"""Tell rows below a header that are no data: totals, repeated headers, "no data" lines, notes."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from .cells import Cell, cell_to_text
from .invisible import clean_text
from .remarks import RemarkCode
from .status_codes import normalise_label, parse_count
from .vocabulary import find_column_meaning, is_certain_label, list_uncertain_meanings

LONGEST_ROW_WORD = 14  # characters; a longer text in a cell of ids is no total and no dash
_TOTAL = re.compile(
    r"(?:以上|本页|本頁|全部|资源|資源|规则|規則|行|不合规|不合規)?"
    r"(?:合计|总计|小计|共计|总数|总和|汇总|累计|合計|總計|総計|小計|共計|總數|總和|彙總|累計|計|"
    r"総数|平均值?|平均値|total|totals|grandtotal|subtotal|subtotals|sum|summary|overall|average)"
    r"(?:数|數|rows?|items?|count)?[:=]?[\d,]*(?:条|條|项|項|个|個|行|件|筆|笔|rows?|items?|records?|"
    r"resources?|evaluations?|entries)?(?:记录|記錄|资源|資源|数据|資料)?"
)
# What a spreadsheet adds to the name of a group in the row with its sum, count or average.
_TOTAL_ENDING = re.compile(
    r"(?:合计|总计|小计|汇总|计数|平均值|合計|總計|総計|小計|彙總|集計|計數|データの個数|個数|平均|"
    r"\b(?:sub)?total|\bcount|\baverage|合规率|占比|百分比|\brate|\bpercentage)$",
    re.IGNORECASE,
)
_ERROR = re.compile(r"#(?:N/A|REF!|VALUE!|NAME\?|DIV/0!|NULL!|NUM!|SPILL!|CALC!|GETTING_DATA)")
_COUNT_LINE = re.compile(
    r"(?:共|总共|共计|合计|全|計|總共|total)[:=]?\d+(?:条|條|项|項|个|個|行|件|筆|笔|rows?|items?|"
    r"records?|resources?)(?:记录|記錄|资源|資源|数据|資料)?|\d+(?:rows?|items?|records?)(?:intotal)?"
)
_NO_DATA = re.compile(
    r"(?:暂无|无|暂时没有|没有|未发现|未找到|未查询到|暫無|無|沒有|未發現|查無)"
    r"(?:任何)?(?:相关|符合条件的|不合规|不合規|合规|合規|可用)?(?:的)?"
    r"(?:数据|记录|资源|内容|结果|信息|项|检测项|数据可用|資料|記錄|資源|結果|內容|數據|項目|项目)?|"
    r"(?:there(?:is|are))?no(?:matching|available|noncompliant|incompliant|compliant|excluded|"
    r"ignored|failing|relevant|such)*(?:data|records?|results?|resources?|items?|entries|rows?|"
    r"evaluations?|issues?)(?:available|found|todisplay|exists?)?|"
    r"none|nil|null|n/a|na|nothing(?:found|todisplay)?|empty|nodata|"
    r"(?:該当|対象|非準拠|準拠|表示)?(?:する|の|できる)?(?:データ|リソース|結果|項目|レコード)?"
    r"(?:は|が)?(?:なし|無し|無|ありません|ございません|存在しません|見つかりません(?:でした)?)|空"
)
_DASHES = re.compile(r"[-\u2010-\u2015\u2212\u30fc\uff0d/\\.·…*~_ ]+")
_NUMBER = re.compile(r"[+-]?[\d,.]+%?")
_NOTE = re.compile(
    r"(?:[（(\[【]?(?:注|备注|備註|備考|说明|說明|注释|註|注意|注記|提示|note|notes|remark|remarks|"
    r"disclaimer|数据来源|資料來源|来源|source)[\d一二三]?[)）\]】]?\s*[:：.、)）]?(?:\s|$)|"
    r"(?:注|备注|備註|備考|说明|說明|注释|註|注意|注記|note|notes|remark|remarks)[\d一二三]?\s*[:：])|※",
    re.IGNORECASE,
)
_SHORTEST_NOTE = 20  # characters of a line of text that stands alone


@lru_cache(4096)
def is_total_text(text: str) -> bool:
    """Return whether a text says that its row is a sum, such as `合计` or `Total: 5`."""
    word = normalise_label(text)
    return bool(_TOTAL.fullmatch(word) or _COUNT_LINE.fullmatch(word))


@lru_cache(4096)
def is_no_data_text(text: str) -> bool:
    """Return whether a text says that there are no rows, such as `暂无数据` or a dash."""
    if _DASHES.fullmatch(text):
        return True
    return _NO_DATA.fullmatch(normalise_label(text).rstrip("。.!！")) is not None


@lru_cache(4096)
def is_empty_id(text: str) -> bool:
    """Return whether a text in a column of ids is no id: a dash, "none", the error of a formula."""
    return bool(_ERROR.fullmatch(text)) or is_no_data_text(text)


def is_row_word(text: str) -> bool:
    """Return whether a text in a column of ids may tell that its row is no data, or no id."""
    return is_total_text(text) or is_empty_id(text)


def find_row_kind(cells: Sequence[Cell], meanings: Mapping[int, str]) -> RemarkCode | None:
    """Return why a row below a header is no data, as the code of a remark; None for data.

    `meanings` gives the meaning of each recognised column by its index.
    """
    texts = {
        column: text
        for column, cell in enumerate(cells)
        if (text := clean_text(cell_to_text(cell)))
    }
    if texts and all(map(is_no_data_text, texts.values())):
        return "rows_no_data"
    if _is_header(texts):
        same = [
            column
            for column, text in texts.items()
            if meanings.get(column)
            in (find_column_meaning(text).meaning, *list_uncertain_meanings(text))
        ]
        return "rows_repeated_head" if 2 * len(same) > len(texts) else "rows_other_table"
    if _is_total(texts, meanings):
        return "rows_total"
    return "rows_note" if _is_note(texts, meanings) else None


def _is_header(texts: Mapping[int, str]) -> bool:
    """Return whether at least two cells of a row, and most of them, are labels of columns."""
    certain = sum(map(is_certain_label, texts.values()))
    labels = sum(
        is_certain_label(text) or bool(list_uncertain_meanings(text)) for text in texts.values()
    )
    return certain >= 2 and 2 * labels > len(texts)


def _is_total(texts: Mapping[int, str], meanings: Mapping[int, str]) -> bool:
    """Return whether a row is a sum: no rule is called so, and the other cells are numbers."""
    has_total_ending = len(texts) > 1 and _TOTAL_ENDING.search(texts[min(texts)])
    if has_total_ending and _has_only_numbers(texts, {min(texts)}):
        return True
    total_columns = [column for column, text in texts.items() if is_total_text(text)]
    if not total_columns:
        return False
    rule_columns = {
        column for column, meaning in meanings.items() if meaning in ("rule_name", "rule_id")
    }
    if rule_columns.intersection(total_columns) or total_columns[0] == min(texts):
        return rule_columns.intersection(total_columns) != set() or _has_only_numbers(texts, set())
    return _has_only_numbers(texts, rule_columns)


def _has_only_numbers(texts: Mapping[int, str], ignored_columns: set[int]) -> bool:
    return all(
        is_row_word(text) or _NUMBER.fullmatch(text) is not None
        for column, text in texts.items()
        if column not in ignored_columns
    )


def _is_note(texts: Mapping[int, str], meanings: Mapping[int, str]) -> bool:
    """Return whether a row is text beside the table, such as a footnote or a label and its value.

    No rule has the name of a column.
    """
    if not texts:
        return False
    first_column = min(texts)
    first_text = texts[first_column]
    known_meanings = {meanings[column] for column in texts if column in meanings}
    names_rule = not known_meanings.isdisjoint(("rule_name", "rule_id"))
    if names_rule and len(known_meanings) > 2:
        return False  # a resource may have a name such as "source db"
    if _NOTE.match(first_text):
        return True
    label = re.split("[:：]", first_text, maxsplit=1)[0]
    is_rule = meanings.get(first_column) in ("rule_name", "rule_id")
    if is_rule and find_column_meaning(label).is_exact and is_certain_label(label):
        return len(texts) <= 2
    is_alone = len(texts) == 1 and parse_count(first_text) is None
    return is_alone and (
        len(first_text) >= _SHORTEST_NOTE or bool(re.search("[:：。]", first_text))
    )
