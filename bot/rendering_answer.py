"""From advice to blocks of HTML: what to do now first, then what was seen, what it may be, what helps, what
to watch for.
"""

from collections.abc import Sequence
from datetime import date

from agents.triage.verdict import with_number
from agents.triage.words import DOUBTED
from bot import texts
from bot.message import Block, escape
from bot.presses import PressKind, button
from cases.record import Advice, Citation, Statement, Triage, day_in_words
from conditions import TriageLevel

HEADLINES = {
    TriageLevel.EMERGENCY: "🔴 <b>Call {number} now</b>",
    TriageLevel.SAME_DAY: "🟠 <b>See someone today</b>",
    TriageLevel.THIS_WEEK: "🟡 <b>Contact a doctor this week</b>",
    TriageLevel.ROUTINE: "🟢 <b>Book an appointment</b>",
    TriageLevel.SELF_CARE: "🔵 <b>You can look after this at home for now</b>",
}
_MOST_REASONS = 3
_CITATIONS_A_ROW = 5


def headline(level: TriageLevel, number: str) -> str:
    """The first line: how soon."""
    return HEADLINES[level].format(number=escape(number))


def urgent_block(triage: Triage, number: str) -> Block:
    """How soon, what to do now, and why: for triage that stands before any advice."""
    actions = list(dict.fromkeys(reason.action for reason in triage.reasons if reason.level is triage.level))
    lines = [headline(triage.level, number)]
    lines += [escape(with_number(action, number)) for action in actions[:_MOST_REASONS]]
    lines += _why(triage, number)
    return Block(tuple(lines), required=True)


def _why(triage: Triage, number: str) -> list[str]:
    """The reasons in one line, the most urgent first; what an earlier one says already is left out.

    Beside the reasons of an emergency nothing lesser is told. Elsewhere the first thing told is the most urgent one
    that is doubted: it says what to do if it is so.
    """
    said = ""
    emergency = triage.level is TriageLevel.EMERGENCY
    told = [each for each in triage.reasons if each.level is triage.level or not emergency]
    doubted = [each for each in told if each.rule.startswith(DOUBTED)]
    for reason in [*doubted[:1], *(each for each in told if each not in doubted)][:_MOST_REASONS]:
        if reason.text not in said:
            said = f"{said} {reason.text}".strip()
    return [f"<i>Why:</i> {escape(with_number(said, number))}"] if said else []


def marked(statement: Statement) -> str:
    """A statement with the numbers of its citations."""
    return escape(statement.text) + "".join(f" [{n}]" for n in statement.citations)


def _list(heading: str, items: Sequence[str]) -> tuple[str, ...]:
    return (f"<b>{heading}</b>", *(f"• {item}" for item in items)) if items else ()


def answer_blocks(advice: Advice, number: str) -> list[Block]:
    """The whole answer. What to do now, what to watch for, and by when to see whom are never left out."""
    now = (headline(advice.triage.level, number), escape(with_number(advice.now, number)))
    may_be = [f"<b>{escape(each.title)}</b>: {escape(each.words)}" for each in advice.possibilities]
    watch = [escape(with_number(sign, number)) for sign in advice.watch_for]
    see_by = f"{advice.see_by.day} {advice.see_by:%B}"
    whom = f"📅 See {escape(advice.see_whom)} by <b>{see_by}</b>." if advice.see_whom else ""
    return [
        Block((*filter(None, now), *_why(advice.triage, number)), required=True),
        Block(("<b>What I saw</b>", escape(advice.seen)) if advice.seen else ()),
        Block(_list("What it may be", may_be), required=True),
        Block(_list("What may help", [marked(statement) for statement in advice.statements])),
        Block(_list("Get help sooner if", watch), required=True),
        Block((whom,) if whom else (), required=True),
        Block((f"<i>{escape(advice.limits)}</i>",) if advice.limits else (), required=True),
    ]


def overdue(citation: Citation, today: date) -> str:
    """That the review of what is cited was due before `today`, in plain words; empty where it was not."""
    due = citation.review_by
    return texts.OVERDUE.format(day=day_in_words(due)) if due and citation.is_overdue(today) else ""


def citation_rows(citations: Sequence[Citation], kind: PressKind, reference: str) -> list[tuple[tuple[str, str], ...]]:
    """The buttons that open the citations, five in a row."""
    buttons = [button(f"[{each.n}]", kind, reference, each.n) for each in citations]
    return [tuple(buttons[at : at + _CITATIONS_A_ROW]) for at in range(0, len(buttons), _CITATIONS_A_ROW)]
