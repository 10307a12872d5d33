"""Reads, checks and writes a guideline file: YAML front matter, one title, the same sections in each.

The keys are checked by `front_matter`, the sections by `guideline_sections`.
"""

from pathlib import Path

import yaml

from knowledge.errors import GuidelineInvalid
from knowledge.front_matter import FrontMatter
from knowledge.guideline_sections import read_sections
from knowledge.record import Guideline


def read_guideline(path: Path) -> Guideline:
    """The guideline in the file `path`, named by its slug. Raises GuidelineInvalid naming line and remedy."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise GuidelineInvalid(path.name, 1, "there is no such file", "Check the path") from error
    except (OSError, UnicodeDecodeError) as error:
        raise GuidelineInvalid(path.name, 1, "the file cannot be read as UTF-8 text", "Save it as UTF-8") from error
    guideline = parse_guideline(text, path.name)
    if path.stem != guideline.slug:
        problem = f"the file is not named after its slug '{guideline.slug}'"
        raise GuidelineInvalid(path.name, 1, problem, f"Rename it to {guideline.slug}.md")
    return guideline


def parse_guideline(text: str, document: str) -> Guideline:
    """The guideline in `text`; `document` names it in errors. Raises GuidelineInvalid."""
    lines = text.removeprefix("\ufeff").splitlines()
    if not lines or lines[0].rstrip() != "---":
        raise GuidelineInvalid(document, 1, "the front matter is missing", "Begin the file with a line '---'")
    end = next((at for at, line in enumerate(lines[1:], 1) if line.rstrip() == "---"), None)
    if end is None:
        raise GuidelineInvalid(document, 1, "the front matter does not end", "Close it with a line '---'")
    front = FrontMatter("\n".join(lines[1:end]), document)
    title = front.words("title")
    return Guideline(
        slug=front.slug(),
        title=title,
        disease_class=front.words("class"),
        icd11=front.words_or_none("icd11"),
        synonyms=front.synonyms(),
        sources=front.sources(),
        jurisdiction=front.words("jurisdiction"),
        language=front.language(),
        version=front.words("version"),
        reviewed=front.day_or_none("reviewed"),
        review_by=front.day("review_by"),
        sections=read_sections(lines, end + 1, title, document),
    )


def render_guideline(guideline: Guideline) -> str:
    """The file's text; parsing it gives `guideline` again."""
    front = {
        "title": guideline.title,
        "slug": guideline.slug,
        "class": guideline.disease_class,
        "icd11": guideline.icd11,
        "synonyms": list(guideline.synonyms),
        "sources": [source.model_dump() for source in guideline.sources],
        "jurisdiction": guideline.jurisdiction,
        "language": guideline.language,
        "version": guideline.version,
        "reviewed": guideline.reviewed,
        "review_by": guideline.review_by,
    }
    parts = [f"# {guideline.title}"]
    opened = None
    for section in guideline.sections:
        if section.heading != opened:
            parts.append(f"## {section.heading}")
            opened = section.heading
        if section.subheading:
            parts.append(f"### {section.subheading}")
        parts.append(section.text)
    yaml_text = yaml.safe_dump(front, sort_keys=False, allow_unicode=True, width=10_000)
    return f"---\n{yaml_text}---\n\n" + "\n\n".join(parts) + "\n"
