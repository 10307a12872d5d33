"""The red-flag rules as data: `rules/*.yaml`, each file of one level, checked when they are loaded.

A rule of words holds when every group of `all` has a term that the text affirms and no term of `unless` is affirmed.
A rule without groups belongs to the buttons, the history, the findings, a single lesion or the meaning of words, which
name it by its id.
"""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field

from agents.triage.reading import Reading, term_names
from cases.record import Reason
from conditions import CONDITIONS, TriageLevel

_RULES = Path(__file__).parent / "rules"


class Rule(BaseModel):
    """One red flag. `about_anyone`: it also holds of another person who is ill now. `asked`: a question is enough.

    `doubtful`: calm texts have set it off, so it raises nothing where the text hardly means its level. The others
    stand unless the text means something else more plainly than any did in which they were right.
    `believed`: it tells of violence or despair, which people hide in calm words: it stands unless the text means
    something else more plainly than any ever did in which such a rule was right. `certain`: calm words make it no less
    dangerous (hydrofluoric acid, a bruise on a baby, a passport that is kept), so nothing doubts it.
    `weak`: hardly an emergency was found by it alone in texts written after it, but many a calm one; it counts only
    where the text does not mean something else.
    `about`: the conditions it cannot exclude, the most serious first; empty where no guideline is about them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    id: str
    groups: tuple[tuple[str, ...], ...] = Field(default=(), alias="all")
    unless: tuple[str, ...] = ()
    about_anyone: bool = False
    asked: bool = False
    doubtful: bool = False
    believed: bool = False
    certain: bool = False
    weak: bool = False
    about: tuple[str, ...] = ()
    text: str
    action: str | None = None
    source: str

    def holds(self, reading: Reading) -> bool:
        """Whether the reading holds a term of every group and none of `unless`."""
        there = reading.anyone_now if self.about_anyone else reading.asked if self.asked else reading.affirmed
        if not self.groups or not there.isdisjoint(self.unless):
            return False
        return all(not there.isdisjoint(group) for group in self.groups)


class _RuleFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    level: TriageLevel
    action: str
    rules: tuple[Rule, ...]


def _check(rule: Rule, known: frozenset[str]) -> None:
    unknown = {term for group in (*rule.groups, rule.unless) for term in group} - known
    if unknown:
        raise ValueError(f"The rule {rule.id!r} uses {sorted(unknown)}, which no file of agents/triage/terms defines.")
    if strange := set(rule.about) - set(CONDITIONS):
        raise ValueError(f"The rule {rule.id!r} is about {sorted(strange)}, which conditions.CONDITIONS does not hold.")


@lru_cache(maxsize=1)
def rules() -> Mapping[str, tuple[Rule, Reason]]:
    """Every rule and the reason it gives, by id, most urgent level first. ValueError: a rule's id or term is wrong."""
    files = [
        _RuleFile.model_validate(yaml.safe_load(path.read_text(encoding="utf-8"))) for path in _RULES.glob("*.yaml")
    ]
    found: dict[str, tuple[Rule, Reason]] = {}
    for file in sorted(files, key=lambda file: -file.level.urgency):
        for rule in file.rules:
            if rule.id in found:
                raise ValueError(f"Two rules have the id {rule.id!r}: rename one.")
            _check(rule, term_names())
            action = rule.action or file.action
            found[rule.id] = (
                rule,
                Reason(rule=rule.id, level=file.level, text=rule.text, action=action, source=rule.source),
            )
    return found


def about(rule_id: str) -> tuple[str, ...]:
    """The conditions one rule cannot exclude; none for a reason that is no rule of the files."""
    return rules()[rule_id][0].about if rule_id in rules() else ()


def reason(rule_id: str) -> Reason:
    """The reason of one rule. KeyError: there is no such rule."""
    return rules()[rule_id][1]
