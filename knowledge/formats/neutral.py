"""Takes out of a text what its reader would not see and what speaks to a machine instead of a reader.

The agent treats every passage as data whatever it says; this is the fence before that one, and it tells the
dermatologist that somebody tried.
"""

import re
import unicodedata

from knowledge.formats.extracted import PAGE, Removed, Trick, removed
from knowledge.sentences import sentences

_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_ACTIVE = re.compile(r"<(script|style|iframe|object|embed|template|svg)\b.*?(?:</\1\s*>|\Z)", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(
    r"</?(?:a|abbr|address|article|aside|b|big|blockquote|body|br|caption|center|cite|code|col|colgroup|dd|del|details"
    r"|dfn|div|dl|dt|em|figcaption|figure|font|footer|form|h[1-6]|head|header|hr|html|i|img|input|ins|kbd|label|li|link"
    r"|main|mark|meta|nav|ol|p|picture|pre|q|s|samp|section|small|source|span|strike|strong|sub|summary|sup|table"
    r"|tbody|td|tfoot|th|thead|title|tr|tt|u|ul|var|video|wbr)"
    r"(?:\s+(?:(?:checked|controls|disabled|hidden|nowrap|open|reversed|selected)\b|"
    r"[\w:-]{1,50}[ \t]*=[ \t]*(?:\"[^\"\n]{0,500}\"|'[^'\n]{0,500}'|[^\s\"'<>=]{1,500})))*\s*/?>",
    re.IGNORECASE,
)
"""HTML's own tags only: a guideline writes "ALT <ULN or AST >3x ULN", too."""
_BREAK = re.compile(r"</?(?:br|dd|div|dt|h[1-6]|hr|li|p|td|th|tr)\b", re.IGNORECASE)
_TARGET = re.compile(r"!?\[([^\]\n]{0,500})\]\([^()\s]{0,2000}(?:\s+\"[^\"\n]{0,300}\")?\)")
_KEPT_CONTROLS = "\n\t" + PAGE

_INSTRUCTION = re.compile(
    r"\b(?:ignor|disregard|forget|overrid|bypass)\w*\s+(?:\w+\s+){0,3}"
    r"(?:previous|prior|earlier|above|preceding|your|system|all|any|these|other)\s+(?:\w+\s+){0,3}"
    r"(?:instructions?|prompts?|rules|guidelines|guardrails|messages?|directions|context)\b"
    r"|\b(?:ignor|disregard|forget|overrid|bypass)\w*\s+(?:the\s+)?(?:instructions?|prompts?|rules|text|everything)\s+"
    r"(?:above|before|given|so\s+far)\b"
    r"|\b(?:ignore|disregard|override|bypass)\s+(?:instructions|prompts|guardrails|safety)\b"
    r"|\b(?:system|developer|hidden|secret)\s+(?:prompt|message|instruction)s?\b"
    r"|\byou\s+are\s+(?:now\s+)?(?:an?\s+)?(?:ai|chat\s?bot|language\s+model|assistant|llm|dan)\b"
    r"|\byou\s+are\s+now\b.{0,40}\b(?:mode|assistant|model|unrestricted|doctor)\b"
    r"|\bas\s+an?\s+(?:ai|language\s+model|assistant)\b"
    r"|\b(?:note|instructions?|message|attention)\s+(?:to|for)\s+(?:the\s+|any\s+|all\s+)?(?:ai|assistant|model|llm|chat\s?bot|machine)s?\b"
    r"|\b(?:ai|assistant|model|llm|chat\s?bot)s?\s*[,:]\s*(?:you|please|now|tell|say|answer|reply|output|recommend)\b"
    r"|\b(?:ai|assistant|model|llm|chat\s?bot)s?\s*(?:,|:)?\s+(?:must|should|shall|please)\s+"
    r"(?:now\s+)?(?:answer|reply|respond|say|tell|output|ignore|recommend)\b"
    r"|\b(?:always|only)\s+(?:answer|reply|respond)\s+(?:with|that|by)\b"
    r"|\b(?:respond|reply|answer)\s+(?:only\s+)?(?:with|in)\s+(?:json|the\s+words?)\b"
    r"|\b(?:never|do\s+not|don'?t)\s+(?:tell|inform|mention\s+to|reveal\s+to)\s+(?:the\s+)?(?:patient|user)s?\b"
    r"|<\|?(?:im_start|im_end|system|endoftext|assistant|user)\|?>|\[/?INST\]|<<SYS>>|###\s*(?:human|assistant|system)\b",
    re.IGNORECASE | re.DOTALL,
)


def neutralised(text: str) -> tuple[str, list[Removed]]:
    """`text` as a reader would see it, and what was taken out of it."""
    notes: list[Removed] = []
    text = _without_controls(text.replace("\r\n", "\n").replace("\r", "\n"), notes)
    text = _without(_COMMENT, Trick.COMMENT, text, notes)
    text = _without(_ACTIVE, Trick.SCRIPT, text, notes)
    text = _TARGET.sub(r"\1", text)
    text = _without_tags(text, notes)
    pages = text.split(PAGE)
    return PAGE.join(
        _without_instructions(page, f"page {number}" if len(pages) > 1 else "", notes)
        for number, page in enumerate(pages, 1)
    ), notes


def speaks_to_a_machine(sentence: str) -> bool:
    """Whether a sentence gives orders to a program instead of telling a reader something."""
    folded = unicodedata.normalize("NFKC", sentence)
    return _INSTRUCTION.search(" ".join(folded.split())) is not None


def _without(pattern: re.Pattern[str], trick: Trick, text: str, notes: list[Removed]) -> str:
    def noted(found: re.Match[str]) -> str:
        notes.append(removed(trick, found.group()))
        # Pages keep their numbers.
        return PAGE * found.group().count(PAGE)

    return pattern.sub(noted, text)


def _without_tags(text: str, notes: list[Removed]) -> str:
    if tags := dict.fromkeys(_TAG.findall(text)):
        notes.append(removed(Trick.MARKUP, " ".join(tags)))
    # What stands on two lines of a page stays two words.
    return _TAG.sub(lambda tag: " " if _BREAK.match(tag.group()) else "", text)


def _without_controls(text: str, notes: list[Removed]) -> str:
    """Without characters that show nothing: zero widths, directions, tags, controls (Unicode's Cc, Cf, Co, Cs, Cn)."""
    kept: list[str] = []
    dropped: list[str] = []
    for letter in text:
        (kept if letter in _KEPT_CONTROLS or not unicodedata.category(letter).startswith("C") else dropped).append(
            letter
        )
    # A byte order mark and soft hyphens are in many honest files.
    telling = [letter for letter in dropped if letter not in "\ufeff\u00ad"]
    if telling:
        # Letters of Unicode's tag block spell a hidden text.
        spelt = "".join(chr(ord(letter) - 0xE0000) for letter in telling if 0xE0020 <= ord(letter) <= 0xE007E)
        notes.append(removed(Trick.CONTROL, spelt or f"{len(telling)} characters that show nothing"))
    return "".join(kept)


def _without_instructions(page: str, place: str, notes: list[Removed]) -> str:
    if not speaks_to_a_machine(page):
        return page
    lines: list[str] = []
    for paragraph in re.split(r"(\n\s*\n)", page):
        if not speaks_to_a_machine(paragraph):
            lines.append(paragraph)
            continue
        left = []
        for sentence in sentences(paragraph):
            if speaks_to_a_machine(sentence.text):
                notes.append(removed(Trick.INSTRUCTION, sentence.text, place))
            else:
                left.append(("\n" if sentence.opens_block else " ") + sentence.text)
        rest = "".join(left).strip()
        if rest and speaks_to_a_machine(rest):  # Spread over sentences: the whole paragraph is suspect.
            notes.append(removed(Trick.INSTRUCTION, rest, place))
            rest = ""
        lines.append(rest)
    return "".join(lines)
