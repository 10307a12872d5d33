"""Trains `likeness.json`, the second reading of a patient's words.

    python -m agents.triage.training tests/agents/triage_cases.yaml agents/evaluation/triage_*_writer*.yaml \
        --questions agents/selection/labelled.jsonl \
        --others agents/scope/uncovered.yaml agents/evaluation/*uncovered.yaml

Questions that no rule finds urgent, about conditions that are no emergency, are calm for the two highest levels: who
asks whether rosacea shows on dark skin needs no ambulance. So are those about other matters (`--others`). Prints what
cross-validation finds: for each level the share of texts found, and of calmer texts that are raised by mistake. Wants
scikit-learn (the extra `dev` brings it).
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import yaml
from scipy.sparse import csr_matrix
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from agents.evaluation.triage_texts import Judged, load
from agents.triage.likeness import LEVELS, WEIGHTS, features
from agents.triage.reading import read
from agents.triage.words import triage_words
from conditions import EMERGENCIES, TriageLevel

FALSE_ALARMS = {
    TriageLevel.EMERGENCY: 0.006,
    TriageLevel.SAME_DAY: 0.01,
    TriageLevel.THIS_WEEK: 0.03,
    TriageLevel.ROUTINE: 0.10,
}
"""The share of texts that need not be seen so soon which a level may raise (by this reading alone, cross-validated).

For an emergency or same-day care the calm texts count, routine and self-care; for the others all below them.
"""
_STRENGTH, _SMALLEST, _SEED = 4.0, 0.02, 7


def train(cases: Sequence[Judged], questions: Sequence[str]) -> dict[str, object]:
    """The weights, biases and thresholds; prints the cross-validated figures."""
    names = DictVectorizer(dtype=np.float32)
    every: csr_matrix = names.fit_transform([features(read(text)) for text in (*(c.text for c in cases), *questions)])
    seen_often = every[: len(cases)].getnnz(axis=0) >= 2
    every = every[:, seen_often]
    levels = np.array([each.level.urgency for each in cases] + [TriageLevel.SELF_CARE.urgency] * len(questions))
    folds = StratifiedKFold(10, shuffle=True, random_state=_SEED)
    bias, threshold, columns = [], [], []
    for level in LEVELS:
        # What a question wants below same-day care is not known.
        known = len(levels) if level in (TriageLevel.EMERGENCY, TriageLevel.SAME_DAY) else len(cases)
        x, urgency = every[:known], levels[:known]
        wanted = urgency >= level.urgency
        regression = LogisticRegression(C=_STRENGTH, solver="liblinear")
        odds = cross_val_predict(regression, x, wanted, cv=folds.split(x, urgency), method="decision_function")
        below = urgency < min(level.urgency, 2) if level.urgency >= 3 else ~wanted
        highest = np.sort(odds[below])[::-1]
        threshold.append(round(float(highest[int(FALSE_ALARMS[level] * below.sum())]) + 1e-3, 4))
        found, raised = (odds[urgency == level.urgency] >= threshold[-1]).mean(), (odds[below] >= threshold[-1]).mean()
        print(f"{level.value:10} threshold {threshold[-1]:+.2f}  found {found:.2f}  raised by mistake {raised:.3f}")
        regression.fit(x, wanted)
        bias.append(round(float(regression.intercept_[0]), 4))
        columns.append(regression.coef_[0])
    rows = np.round(np.stack(columns, 1), 3)
    kept = names.get_feature_names_out()[seen_often]
    weights = {str(name): row.tolist() for name, row in zip(kept, rows, strict=True) if abs(row).max() >= _SMALLEST}
    return {"bias": bias, "threshold": threshold, "weights": weights}


def calm_questions(path: Path, others: Sequence[Path]) -> list[str]:
    """Of the questions {question, slug} in the lines of `path`, and of the others, those that no rule finds urgent."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    questions = [row["question"] for row in rows if row["slug"] not in EMERGENCIES]
    questions += [str(text) for each in others for text in yaml.safe_load(each.read_text(encoding="utf-8"))]
    return [question for question in questions if not _found_urgent(question)]


def _found_urgent(question: str) -> bool:
    found = [reason.level for reason in triage_words(question).reasons if not reason.rule.startswith("resembles-")]
    return any(level.urgency >= TriageLevel.SAME_DAY.urgency for level in found)


def main() -> None:
    """Trains on the files named on the command line and writes the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", type=Path, nargs="+")
    parser.add_argument("--questions", type=Path, required=True)
    parser.add_argument("--others", type=Path, nargs="+", required=True)
    named = parser.parse_args()
    trained = train(
        [each for path in named.cases for each in load(path)], calm_questions(named.questions, named.others)
    )
    WEIGHTS.write_text(json.dumps(trained, sort_keys=True, indent=0) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
