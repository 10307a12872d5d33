"""Wrong sentences made from right ones, as a careless language model would write them: one thing changed in each."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from conditions import CONDITIONS

_DRUGS = (
    "hydrocortisone", "clotrimazole", "terbinafine", "permethrin", "ibuprofen", "paracetamol", "aciclovir",
    "flucloxacillin", "doxycycline", "methotrexate", "ciclosporin", "isotretinoin", "benzoyl peroxide",
    "salicylic acid", "adapalene", "prednisolone", "cetirizine", "loratadine", "ketoconazole", "miconazole",
    "fusidic acid", "ivermectin", "dimeticone", "metronidazole", "azelaic acid", "fluorouracil", "imiquimod",
    "adrenaline", "antihistamine", "antihistamines", "antibiotic", "antibiotics", "steroid", "emollient", "emollients",
)  # fmt: skip
_NEW_DRUGS = ("prednisolone", "amoxicillin", "betamethasone", "warfarin", "lindane", "ketoconazole")
_SWAPS: dict[str, tuple[tuple[str, str], ...]] = {
    "frequency": (
        ("once", "three times"), ("twice", "four times"), ("daily", "weekly"), ("every day", "every week"),
        ("weekly", "daily"), ("each day", "each month"), ("every night", "every hour"),
    ),
    "duration": (
        ("hours", "weeks"), ("days", "months"), ("weeks", "months"), ("months", "days"), ("minutes", "hours"),
        ("today", "next month"), ("this week", "next year"), ("at once", "within a month"),
    ),
    "age": (
        ("children", "adults"), ("babies", "adults"), ("adults", "babies"), ("older people", "babies"),
        ("pregnancy", "childhood"), ("under", "over"), ("over", "under"), ("child", "adult"), ("baby", "adult"),
    ),
    "unit": (("mg", "g"), ("%", " mg"), ("ml", "litres"), ("cm", "mm"), ("mm", "cm"), ("spf", "mg")),
    "opposite": (
        ("better", "worse"), ("worse", "better"), ("more", "less"), ("less", "more"), ("always", "never"),
        ("before", "after"), ("after", "before"), ("increase", "reduce"), ("start", "stop"), ("stop", "start"),
        ("hot", "cold"), ("cool", "hot"), ("safe", "dangerous"), ("harmless", "dangerous"), ("rarely", "often"),
        ("often", "rarely"), ("usually", "rarely"), ("may", "will"), ("can", "cannot"), ("avoid", "use"),
        ("contagious", "harmless"), ("without", "with"), ("with", "without"),
    ),
}  # fmt: skip
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_ONCE_NUMBER = {"one": "five", "two": "nine", "three": "thirty", "four": "forty", "five": "fifty", "ten": "ninety"}
_IS = re.compile(r"\b(is|are|can|may|should|must|will|does|do)\b(?! not)")
_INVENTED = (
    " and take 20 mg of prednisolone",
    ", then use it three times a day",
    " with betamethasone cream",
    " for 14 days",
    ", which always cures it",
)


@dataclass(frozen=True, slots=True)
class Planted:
    """A wrong sentence, what is wrong in it, and the right one it was made of."""

    kind: str
    wrong: str
    right: str


def _word(left: str) -> re.Pattern[str]:
    edge = r"\b" if left[0].isalpha() else ""
    return re.compile(rf"{edge}{re.escape(left)}{edge}", re.IGNORECASE)


def _swapped(kind: str) -> Callable[[str, str], Iterator[str]]:
    def swap(sentence: str, _: str) -> Iterator[str]:
        for left, right in _SWAPS[kind]:
            changed = _word(left).sub(right, sentence, count=1)
            if changed != sentence:
                yield changed

    return swap


def _dose(sentence: str, _: str) -> Iterator[str]:
    for match in _NUMBER.finditer(sentence):
        other = str(int(float(match.group()) * 10))
        yield sentence[: match.start()] + other + sentence[match.end() :]
    for word, other in _ONCE_NUMBER.items():
        changed = _word(word).sub(other, sentence, count=1)
        if changed != sentence:
            yield changed


def _drug(sentence: str, _: str) -> Iterator[str]:
    for at, drug in enumerate(_DRUGS):
        changed = _word(drug).sub(_NEW_DRUGS[at % len(_NEW_DRUGS)], sentence, count=1)
        if changed != sentence and _NEW_DRUGS[at % len(_NEW_DRUGS)] not in sentence.casefold():
            yield changed


def _condition(sentence: str, title: str) -> Iterator[str]:
    plain = title.split(" (", maxsplit=1)[0]
    others = [each.title.split(" (")[0] for each in CONDITIONS.values()]
    other = others[(len(sentence) * 7) % len(others)]
    changed = _word(plain).sub(other, sentence, count=1)
    if changed != sentence and plain != other:
        yield changed


def _negation(sentence: str, _: str) -> Iterator[str]:
    for left, right in (("Do not ", ""), (" not ", " "), ("Never ", "Always "), ("No ", "Some ")):
        if left in sentence:
            changed = sentence.replace(left, right, 1)
            yield changed[0].upper() + changed[1:]
            return
    changed = _IS.sub(lambda match: f"{match.group(1)} not", sentence, count=1)
    if changed != sentence:
        yield changed


def _invented(sentence: str, _: str) -> Iterator[str]:
    end = _INVENTED[len(sentence) % len(_INVENTED)]
    yield sentence.rstrip(".") + end + "."


_KINDS: dict[str, Callable[[str, str], Iterator[str]]] = {
    "dose": _dose,
    "drug": _drug,
    "condition": _condition,
    "negation": _negation,
    "invented": _invented,
    **{kind: _swapped(kind) for kind in _SWAPS},
}


def planted(sentences: Sequence[tuple[str, str]]) -> list[Planted]:
    """Every wrong sentence of every kind from (sentence, title of its guideline)."""
    return [
        Planted(kind, wrong, right)
        for kind, change in _KINDS.items()
        for right, title in sentences
        for wrong in change(right, title)
    ]
