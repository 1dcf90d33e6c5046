"""Remarks on rows of the evaluation results, with their places: answer and row."""

from .remarks import Facts, Remark, RemarkCode

_SHOWN_PLACES = 10
_MAXIMUM_WORDS = 20  # remarks with the same code and another word; further ones are joined
_LONGEST_WORD = 100  # characters


class ResultRemarks:
    """Collects remarks; those with the same code and word are one remark on several rows."""

    def __init__(self) -> None:
        self._places_by_remark: dict[tuple[RemarkCode, str], list[str]] = {}
        self._counts: dict[tuple[RemarkCode, str], int] = {}

    def add(self, code: RemarkCode, answer: int, row: int, word: str = "") -> None:
        """Add a row to a remark; answers, and rows within each answer, count from 1."""
        remark = (code, word[:_LONGEST_WORD])
        variants = sum(code == other for other, _word in self._counts)
        if remark not in self._counts and variants >= _MAXIMUM_WORDS:
            remark = (code, "…")
        self._counts[remark] = self._counts.get(remark, 0) + 1
        places = self._places_by_remark.setdefault(remark, [])
        if len(places) < _SHOWN_PLACES:
            places.append(f"{answer}:{row}")

    def list_remarks(self) -> list[Remark]:
        """Return the remarks; the fact `places` names the first rows as answer:row."""
        remarks = []
        for (code, word), count in self._counts.items():
            places = self._places_by_remark[code, word]
            shown = ", ".join(places) + (", …" if count > len(places) else "")
            facts: Facts = {"places": shown}
            if word:
                facts["word"] = word
            remarks.append(Remark(code, count=count, facts=facts))
        return remarks
