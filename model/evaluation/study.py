"""The paper's study of how dermatologists find the answers (Fig. 4a), as one HTML file that works without a network.

`write_form` asks the model the four questions of every case; the form shows photo and answers with seven statements on
five levels, and saves what was marked as a JSON file. `read_forms` counts those. The form does not hold the true
diagnosis.

Source: Zhou et al. 2024, Fig. 4a and Methods (the statements, from strongly agree to strongly disagree).
"""

import base64
import html
import io
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from conditions import QUESTIONS
from model.datasets.record import SkinRecord
from model.errors import DataSetError
from model.evaluation.evaluate import read_cases
from model.evaluation.intervals import Bootstrap
from model.evaluation.steps import describe
from model.image_files import open_picture
from model.network import SkinGPT
from model.training.lessons import facts_text

STATEMENTS: tuple[str, ...] = (
    "The answers are correct or relevant.",
    "The answers are informative.",
    "The answers are useful.",
    "The answers help a patient to understand the disease.",
    "The answers help a doctor with the diagnosis.",
    "I would use it, if it ran where the data stay private.",
    "I am willing to use it.",
)
LEVELS: tuple[str, ...] = ("strongly agree", "agree", "neutral", "disagree", "strongly disagree")
PICTURE_SIDE = 480
FORMAT = "skingpt-study-1"

_PAGE = Path(__file__).with_name("study.html")


def write_form(skingpt: SkinGPT, records: Sequence[SkinRecord], count: int, out: Path, seed: int = 0) -> int:
    """Writes the form with `count` cases, kinds in turn so that rare ones are there; gives how many it holds."""
    order = np.random.default_rng(seed).permutation(len(records)).tolist()
    turns: dict[str, int] = {}
    ranked = []
    for at in order:
        kind = records[at].slug or ""
        turns[kind] = turns.get(kind, 0) + 1
        ranked.append((turns[kind], at))
    chosen = [records[at] for _, at in sorted(ranked)[:count]]
    cases = read_cases(skingpt, chosen)
    parts = []
    for number, record in enumerate(cases.records, start=1):
        facts = facts_text(record.facts)
        answers = [describe(skingpt, cases.features[number - 1], question, facts) for question in QUESTIONS]
        parts.append(_case(number, record, facts, answers))
    page = _PAGE.read_text(encoding="utf-8")
    for mark, text in (("CASES", "\n".join(parts)), ("COUNT", str(len(parts))), ("FORMAT", FORMAT)):
        page = page.replace(f"{{{{{mark}}}}}", text)
    out.write_text(page, encoding="utf-8")
    return len(parts)


def _case(number: int, record: SkinRecord, facts: str, answers: Sequence[str]) -> str:
    small = open_picture(record.path)
    small.thumbnail((PICTURE_SIDE, PICTURE_SIDE))
    content = io.BytesIO()
    small.save(content, "JPEG", quality=85)
    address = f"data:image/jpeg;base64,{base64.b64encode(content.getvalue()).decode('ascii')}"
    told = "".join(
        f"<dt>{html.escape(question)}</dt><dd>{html.escape(answer)}</dd>"
        for question, answer in zip(QUESTIONS, answers, strict=True)
    )
    rows = "".join(
        f"<tr><th scope=row>{html.escape(statement)}</th>"
        + "".join(
            f'<td><label><input type=radio name="{number}-{which}" value="{level}"><span>{html.escape(level)}</span>'
            "</label></td>"
            for level in LEVELS
        )
        + "</tr>"
        for which, statement in enumerate(STATEMENTS, start=1)
    )
    return (
        f'<section data-case="{number}"><h2>Case {number}</h2><img src="{address}" alt="The photo of case {number}">'
        f"<p>{html.escape(facts)}</p><dl>{told}</dl><table>{rows}</table></section>"
    )


def read_forms(forms: Sequence[Path]) -> dict[str, object]:
    """Fig. 4a: of each statement how often each level was marked, and the share that agrees, resampled by reader.

    Raises:
        DataSetError: a file is no filled form of this study.
    """
    marks: list[tuple[str, str, str]] = []
    for form in forms:
        try:
            told = json.loads(form.read_text(encoding="utf-8"))
            if told["format"] != FORMAT:
                raise ValueError("of another format")
            for mark in told["marks"]:
                statement = STATEMENTS[int(mark["statement"]) - 1]
                LEVELS.index(mark["level"])
                marks.append((str(told["reader"]) or form.stem, statement, mark["level"]))
        except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
            raise DataSetError(f"{form} is no filled form of this study ({type(error).__name__})") from error
    if not marks:
        raise DataSetError("the forms hold no marks")
    figures: dict[str, object] = {"readers": len({reader for reader, _, _ in marks}), "marks": len(marks)}
    for statement in STATEMENTS:
        given = [(reader, level) for reader, about, level in marks if about == statement]
        counts: dict[str, object] = {level: sum(told == level for _, told in given) for level in LEVELS}
        if given:
            agrees = [level in LEVELS[:2] for _, level in given]
            counts["agree_share"] = Bootstrap(np.array([reader for reader, _ in given])).mean(agrees)
        figures[statement] = counts
    return figures
