"""The form of a guideline file: the starter texts keep it, a broken file is refused with line and remedy."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.errors import GuidelineInvalid
from knowledge.guideline_file import parse_guideline, read_guideline, render_guideline
from knowledge.library import STARTER_TEXTS
from knowledge.record import Source
from tests.knowledge.samples import guideline

WHOLE = render_guideline(guideline())


def line_of(text: str) -> int:
    return WHOLE.splitlines().index(text) + 1


@pytest.mark.parametrize("path", sorted(STARTER_TEXTS.glob("*.md")), ids=lambda path: path.stem)
def test_a_starter_text_keeps_the_form_and_does_not_claim_a_review(path: Path) -> None:
    starter = read_guideline(path)
    assert starter.slug == path.stem
    assert starter.reviewed is None
    assert parse_guideline(render_guideline(starter), path.name) == starter


@pytest.mark.parametrize(
    ("old", "new", "line", "remedy"),
    [
        ("slug: psoriasis", "slug: soreness", "slug: psoriasis", "conditions.py"),
        (
            "class: psoriasis-lichen-planus",
            "class: fungal",
            "class: psoriasis-lichen-planus",
            "psoriasis-lichen-planus",
        ),
        ("review_by: 2027-11-30", "review_by: soon", "review_by: 2027-11-30", "2027-11-30"),
        ("version: '1'", "version: 1", "version: '1'", "quotes"),
        ("language: en", "language: English please", "language: en", "en or pt-BR"),
        ("- silvery plaques", "- 7", "synonyms:", "one line of text"),
        ("  url: https://www.nhs.uk/", "  url: javascript:alert(1)", "sources:", "https"),
        ("  year: 2020", "  year: recent", "sources:", "number or null"),
        ("icd11: null", "icd-11: null", "icd11: null", "Use only"),
        ("icd11: null", "icd11: [", "jurisdiction: UK", ""),
        ("## Causes", "## Cause", "## Causes", "usual order"),
        ("## Causes", "# Causes", "## Causes", "usual order"),
        ("### Same day", "### Tomorrow", "### Same day", "usual order"),
        ("# Psoriasis", "# Something else", "# Psoriasis", "usual order"),
        ("Psoriasis and causes.", "", "## Causes", "at least one sentence"),
        ("## When to get help", "## When to get help\nSoon.", "## When to get help", "next heading"),
    ],
)
def test_a_broken_file_is_refused_at_the_line_with_a_remedy(old: str, new: str, line: str, remedy: str) -> None:
    assert f"\n{old}\n" in WHOLE
    with pytest.raises(GuidelineInvalid) as refused:
        parse_guideline(WHOLE.replace(f"\n{old}\n", f"\n{new}\n"), "psoriasis.md")
    assert remedy in str(refused.value)
    if remedy:
        assert refused.value.line == line_of(line)
        assert str(refused.value).startswith(f"psoriasis.md, line {line_of(line)}: ")


@pytest.mark.parametrize("missing", ["## On darker skin", "### Emergency", "reviewed: null", "---"])
def test_nothing_required_can_be_left_out(missing: str) -> None:
    with pytest.raises(GuidelineInvalid):
        parse_guideline(WHOLE.replace(f"{missing}\n", "", 1), "psoriasis.md")


def test_the_file_must_be_named_after_its_slug(tmp_path: Path) -> None:
    path = tmp_path / "something.md"
    path.write_text(WHOLE, encoding="utf-8")
    with pytest.raises(GuidelineInvalid, match=r"Rename it to psoriasis\.md"):
        read_guideline(path)


def test_a_missing_or_binary_file_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(GuidelineInvalid, match="no such file"):
        read_guideline(tmp_path / "psoriasis.md")
    (tmp_path / "melanoma.md").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(GuidelineInvalid, match="UTF-8"):
        read_guideline(tmp_path / "melanoma.md")


def test_front_matter_that_refers_to_itself_is_refused_before_it_swells() -> None:
    swelling = ["a: &a0 {k: v}", *(f"b{at}: &a{at} {{<<: [{', '.join([f'*a{at - 1}'] * 9)}]}}" for at in range(1, 30))]
    with pytest.raises(GuidelineInvalid, match=r"line 3: the front matter refers to itself. Write each value out"):
        parse_guideline("\n".join(("---", *swelling, "---", "")), "psoriasis.md")


_line = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1).map(
    lambda text: " ".join(text.split())
)
_words = _line.filter(bool)


@given(
    synonyms=st.lists(_words, min_size=1, max_size=4, unique_by=str.casefold),
    organisation=_words,
    year=st.none() | st.integers(1900, 2200),
    version=_words,
    overview=_words.filter(lambda text: not text.startswith("#") and text.rstrip(".").strip()),
)
def test_what_is_written_reads_back_the_same(
    synonyms: list[str], organisation: str, year: int | None, version: str, overview: str
) -> None:
    written = guideline(version=version, synonyms=tuple(synonyms), overview=overview)
    source = Source(organisation=organisation, title="T", year=year, url=None)
    written = written.model_copy(update={"sources": (source,)})
    assert parse_guideline(render_guideline(written), "psoriasis.md") == written


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    for whole in (text, f"---\n{text}\n---\n", WHOLE.replace("icd11: null", f"icd11: {text}")):
        try:
            parse_guideline(whole, "any.md")
        except GuidelineInvalid as refused:
            assert refused.line >= 1
