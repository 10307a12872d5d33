"""Versions: replaced, retired, restored, rolled back for every reader at once; expired text warns, then drops out."""

import itertools
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from knowledge import tables
from knowledge.database import reading, writing
from knowledge.editions import edition_of
from knowledge.errors import ChangeRefused, GuidelineNotFound
from knowledge.guideline_file import render_guideline
from knowledge.library import Library, load_starter, open_library
from knowledge.search import Search
from knowledge.settings import KnowledgeSettings
from knowledge.submission import Details, State
from knowledge.submissions import KEPT_REFUSED, Submissions
from tests.knowledge.files import pdf, text
from tests.knowledge.samples import DOCUMENT, HashEmbedder, guideline

ROOT = Path(__file__).resolve().parents[2]
TODAY = datetime.now(UTC).date()
TOMORROW = TODAY + timedelta(days=1)


def treatments(search: Search) -> set[str]:
    """What patients with psoriasis are told to take now."""
    found = search.search("psoriasis treatment takes", k=50, sections={"Treatment"})
    return {passage.text for passage in found}


def test_rolled_back_and_forth_each_step_is_a_version_and_a_deed(library: Library, search: Search) -> None:
    for number in (1, 2, 3):
        library.publish(guideline(version=str(number), treatment=f"Psoriasis takes remedy{number}"), f"Dr {number}")
    assert library.restore("psoriasis", "Dr X").version == "2"
    assert treatments(search) == {"Psoriasis takes remedy2."}
    assert library.restore("psoriasis", "Dr X").version == "1"
    assert treatments(search) == {"Psoriasis takes remedy1."}
    with pytest.raises(ChangeRefused, match="before the live one"):
        library.restore("psoriasis", "Dr X")
    third = next(each for each in library.versions("psoriasis") if each.version == "3")
    assert library.restore("psoriasis", "Dr X", third.number).restores == third.number
    assert treatments(search) == {"Psoriasis takes remedy3."}
    library.retire("psoriasis", "Dr Y")
    assert treatments(search) == set()
    assert library.restore("psoriasis", "Dr Z").version == "3"
    assert treatments(search) == {"Psoriasis takes remedy3."}
    deeds = [(deed.actor, deed.action, deed.detail) for deed in library.deeds()]
    assert deeds[:2] == [("Dr Z", "restored", "version 3"), ("Dr Y", "retired", "version 3")]
    assert len(library.versions("psoriasis")) == 7
    assert library.check() == []


def test_what_was_never_there_cannot_be_restored(library: Library) -> None:
    with pytest.raises(GuidelineNotFound):
        library.restore("melanoma", "Dr A")
    library.publish(guideline(), "Dr A")
    with pytest.raises(ChangeRefused, match="number 99"):
        library.restore("psoriasis", "Dr A", 99)


def test_text_past_its_review_is_found_with_its_date_and_then_drops_out(library: Library, search: Search) -> None:
    overdue, expired = TODAY - timedelta(days=10), TODAY - timedelta(days=200)
    library.publish(guideline("psoriasis").model_copy(update={"review_by": overdue}), "Dr A")
    library.publish(guideline("scabies").model_copy(update={"review_by": expired}), "Dr A")
    assert {(p.slug, p.review_by) for p in search.search("psoriasis or scabies treatment", k=50)} == {
        ("psoriasis", overdue)
    }
    assert search.search("scabies treatment", slugs={"scabies"}) == []
    assert library.passage(library.edition("scabies").pieces[0].chunk_id).slug == "scabies"  # type: ignore[union-attr]


def test_a_document_stands_beside_the_guideline_with_its_pages(library: Library, search: Search) -> None:
    library.publish(guideline(), "Dr A")
    submissions = Submissions(library)
    first = (
        text("Psoriasis protocol", 20) + text("Treatment", 15, 650) + text("Start with calcipotriol ointment.", at=600)
    )
    content = pdf([first, text("Phototherapy helps widespread plaques.", at=700)])
    number = submissions.receive(content, "clinic protocol.pdf", "Dr B", Details(jurisdiction="UK"))
    ready = submissions.read(number)
    assert ready.state is State.READY, ready.progress
    assert ready.report is not None
    assert (ready.report.passages, ready.report.pages, ready.report.unchanged) == (2, 2, 0)
    assert "phototherapy" not in " ".join(p.text for p in search.search("phototherapy widespread", k=50)).casefold()
    assert submissions.publish(number, "Dr B") is not None
    best = search.search("phototherapy for widespread plaques", slugs={"psoriasis"})[0]
    assert (best.document, best.page, best.section) == ("clinic protocol.pdf", 2, "Psoriasis protocol / Treatment")
    assert best.text == "Phototherapy helps widespread plaques."
    assert {version.key for version in library.documents()} == {"psoriasis", "psoriasis.clinic-protocol"}
    with pytest.raises(ChangeRefused, match="nothing to publish"):
        submissions.publish(number, "Dr B")


def test_a_refused_file_tells_why_and_changes_nothing(library: Library) -> None:
    submissions = Submissions(library)
    for content, name, why in (
        (b"%PDF-1.4 broken", "psoriasis.pdf", "broken"),
        (b"# Something else\n\nHello there.", "notes.md", "which condition"),
        (b"---\ntitle: x\n---\n", "psoriasis.md", "missing"),
    ):
        read = submissions.read(submissions.receive(content, name, "Dr A", Details()))
        assert read.state is State.REFUSED
        assert why in read.progress
    assert library.documents() == []
    assert submissions.pending() == []


def test_a_second_person_must_approve_where_two_must_agree(settings: KnowledgeSettings, embedder: HashEmbedder) -> None:
    library = open_library(settings.model_copy(update={"library_second_approver": True}), embedder)
    with pytest.raises(ChangeRefused, match="second person"):
        library.publish(guideline(), "Dr A")
    with pytest.raises(ChangeRefused, match="second person"):
        library.publish(guideline(), "Dr A", approved_by=" dr a ")
    submissions = Submissions(library)
    number = submissions.receive(b"# Psoriasis\n\nUse ointment.", "p.md", "Dr A", Details())
    submissions.read(number)
    assert submissions.publish(number, "Dr A") is None
    assert submissions.publish(number, "DR A ") is None
    assert submissions.get(number).state is State.WAITING
    assert library.documents() == []
    published = submissions.publish(number, "Dr B")
    assert published is not None
    assert (published.author, published.approved_by) == ("Dr A", "Dr B")
    library.close()


def test_where_two_must_agree_nobody_brings_back_alone_what_they_wrote(
    settings: KnowledgeSettings, embedder: HashEmbedder
) -> None:
    library = open_library(settings.model_copy(update={"library_second_approver": True}), embedder)
    for number in (1, 2):
        library.publish(guideline(version=str(number)), "Dr A", approved_by="Dr B")
    with pytest.raises(ChangeRefused, match="second person"):
        library.restore("psoriasis", " dr a ")
    assert library.versions("psoriasis")[0].version == "2"
    back = library.restore("psoriasis", "Dr B")
    assert (back.version, back.author) == ("1", "Dr B")
    library.retire("psoriasis", "Dr A")
    with pytest.raises(ChangeRefused, match="second person"):
        library.restore("psoriasis", "Dr A")  # Dr B brought it back before, but Dr A wrote it.
    assert library.restore("psoriasis", "Dr C").author == "Dr C"
    library.close()


def test_a_text_whose_review_is_long_overdue_is_not_brought_back(library: Library) -> None:
    expired = guideline().model_copy(update={"review_by": TODAY - timedelta(days=200)})
    library.publish(expired, "Dr A")
    library.publish(guideline(version="2"), "Dr A")
    with pytest.raises(ChangeRefused, match="review was due"):
        library.restore("psoriasis", "Dr A")
    assert library.versions("psoriasis")[0].version == "2"


def waiting_for_tomorrow(library: Library, slug: str = "psoriasis") -> int:
    """A text of Dr A that Dr A has decided to publish and that holds from tomorrow."""
    submissions = Submissions(library)
    details = Details(slug=slug, valid_from=TOMORROW)
    number = submissions.receive(b"# Treatment\n\nUse ointment.", "p.md", "Dr A", details)
    submissions.read(number)
    assert submissions.publish(number, "Dr A") is None
    return number


def test_a_text_valid_from_a_later_day_is_published_on_that_day_only(
    library: Library, search: Search, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = waiting_for_tomorrow(library)
    submissions = Submissions(library)
    assert submissions.publish_due() == []
    assert library.documents() == []
    monkeypatch.setattr(library, "today", lambda: TOMORROW)
    assert [version.key for version in submissions.publish_due()] == ["psoriasis.p"]
    assert submissions.get(number).state is State.PUBLISHED
    assert submissions.publish_due() == []
    assert [passage.text for passage in search.search("psoriasis ointment")] == ["Use ointment."]
    assert [(deed.actor, deed.action) for deed in library.deeds()] == [("Dr A", "published"), ("Dr A", "submitted")]


def test_a_text_whose_day_comes_after_somebody_changed_it_waits_and_says_why(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    submissions = Submissions(library)
    number = waiting_for_tomorrow(library)
    other = waiting_for_tomorrow(library, "scabies")
    meanwhile = submissions.receive(b"# Psoriasis\n\nUse cream.", "p.md", "Dr B", Details())
    submissions.read(meanwhile)
    assert submissions.publish(meanwhile, "Dr B") is not None
    monkeypatch.setattr(library, "today", lambda: TOMORROW)
    assert [version.slug for version in submissions.publish_due()] == ["scabies"], "the others are not held up"
    assert submissions.get(other).state is State.PUBLISHED
    assert submissions.get(number).state is State.WAITING
    assert "since the preview" in submissions.get(number).progress
    assert library.edition("psoriasis.p").document.endswith("Use cream.")  # type: ignore[union-attr]


def test_an_approval_holds_until_the_day_whoever_publishes_then(
    settings: KnowledgeSettings, embedder: HashEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = open_library(settings.model_copy(update={"library_second_approver": True}), embedder)
    submissions = Submissions(library)
    number = waiting_for_tomorrow(library)
    monkeypatch.setattr(library, "today", lambda: TOMORROW)
    assert submissions.publish_due() == [], "its author's word is not enough"
    monkeypatch.undo()
    assert submissions.publish(number, "Dr B") is None
    monkeypatch.setattr(library, "today", lambda: TOMORROW)
    published = submissions.publish(number, "Dr A")
    assert published is not None
    assert (published.author, published.approved_by) == ("Dr A", "Dr B")
    assert [deed.actor for deed in library.deeds() if deed.action == "approved"] == ["Dr B"]
    library.close()


def test_a_publication_whose_writer_was_killed_before_the_last_note_is_finished(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    submissions = Submissions(library)
    number = submissions.receive(b"# Psoriasis\n\nUse ointment.", "p.md", "Dr A", Details())
    submissions.read(number)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(submissions, "_decide", killed)
    with pytest.raises(KeyboardInterrupt):
        submissions.publish(number, "Dr A")
    assert Submissions(library).publish(number, "Dr A") is not None
    assert submissions.get(number).state is State.PUBLISHED
    assert len(library.versions("psoriasis.p")) == 1


def test_documents_whose_names_have_other_letters_or_a_long_beginning_do_not_replace_each_other(
    library: Library,
) -> None:
    submissions = Submissions(library)
    names = ["псориаз.md", "экзема.md", "!.md", f"{'long ' * 14}one.md", f"{'long ' * 14}two.md", "Plain name.md"]
    for at, name in enumerate(names):
        number = submissions.receive(f"# Use {at}\n\nOintment.".encode(), name, "Dr A", Details(slug="psoriasis"))
        submissions.read(number)
        assert submissions.publish(number, "Dr A") is not None
    keys = {version.key for version in library.documents()}
    assert len(keys) == len(names)
    assert "psoriasis.plain-name" in keys
    again = submissions.receive(b"# Use\n\nCream.", "ПСОРИАЗ.md", "Dr A", Details(slug="psoriasis"))
    assert submissions.read(again).edition.key in keys  # type: ignore[union-attr]


def test_a_document_that_is_live_under_an_older_key_keeps_it(library: Library) -> None:
    name = "Leitlinie für Kinder.md"
    older = DOCUMENT.model_copy(update={"key": "psoriasis.leitlinie-f-r-kinder", "file_name": name})
    library.publish(edition_of(older), "Dr A")
    submissions = Submissions(library)
    number = submissions.receive(b"# Use\n\nCream.", name, "Dr A", Details(slug="psoriasis"))
    assert submissions.read(number).edition.key == older.key  # type: ignore[union-attr]


def while_embedding(embedder: HashEmbedder, happens: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> None:
    """`happens` between the look at what is live and the writing of what is published."""
    embed = embedder.embed

    def embedding(texts: Sequence[str]) -> list[list[float]]:
        monkeypatch.setattr(embedder, "embed", embed)
        happens()
        return embed(texts)

    monkeypatch.setattr(embedder, "embed", embedding)


def ready(submissions: Submissions, words: str, author: str) -> int:
    number = submissions.receive(f"# Psoriasis\n\n{words}".encode(), "p.md", author, Details())
    submissions.read(number)
    return number


def test_two_texts_of_one_key_approved_at_once_do_not_replace_each_other_unseen(
    library: Library, embedder: HashEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    submissions = Submissions(library)
    mine, other = ready(submissions, "Use ointment.", "Dr A"), ready(submissions, "Use cream.", "Dr B")
    while_embedding(embedder, lambda: submissions.publish(other, "Dr B"), monkeypatch)
    with pytest.raises(ChangeRefused, match="somebody changed this guideline meanwhile"):
        submissions.publish(mine, "Dr A")
    assert library.edition("psoriasis.p").document.endswith("Use cream.")  # type: ignore[union-attr]
    assert submissions.get(mine).state is State.READY
    assert library.check() == []


def test_what_is_taken_back_while_it_is_published_is_not_published(
    library: Library, embedder: HashEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    submissions = Submissions(library)
    number = ready(submissions, "Use ointment.", "Dr A")
    while_embedding(embedder, lambda: submissions.withdraw(number, "Dr A"), monkeypatch)
    with pytest.raises(ChangeRefused, match="meanwhile"):
        submissions.publish(number, "Dr B")
    assert submissions.get(number).state is State.WITHDRAWN
    assert library.documents() == []
    assert library.check() == []


def test_a_starter_text_does_not_replace_what_a_person_publishes_meanwhile(
    library: Library, embedder: HashEmbedder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "psoriasis.md").write_text(render_guideline(guideline(version="starter")), encoding="utf-8")
    library.ensure_index()
    while_embedding(embedder, lambda: library.publish(guideline(version="Dr A's"), "Dr A"), monkeypatch)
    assert load_starter(library, tmp_path) == 0
    assert [(each.version, each.retired) for each in library.versions("psoriasis")] == [("Dr A's", None)]


def test_what_was_decided_for_a_later_day_is_not_read_again_by_anybody(library: Library) -> None:
    submissions = Submissions(library)
    number = waiting_for_tomorrow(library)
    with pytest.raises(ChangeRefused, match="decided already by Dr A"):
        submissions.amend(number, "Dr C", submissions.get(number).details)
    assert (submissions.get(number).state, submissions.get(number).decided_by) == (State.WAITING, "Dr A")
    submissions.amend(number, "Dr A", submissions.get(number).details)
    assert submissions.get(number).state is State.RECEIVED


def test_a_refused_file_that_nobody_takes_back_is_not_kept(
    library: Library,
) -> None:
    submissions = Submissions(library)
    old, new = (submissions.receive(b"Dear Mr Smith", f"{name}.md", "Dr A", Details()) for name in "ab")
    column, long_ago = tables.submissions.c, datetime.now(UTC) - KEPT_REFUSED - timedelta(hours=1)
    with writing(library.engine) as connection:
        connection.execute(update(tables.submissions).values(received=long_ago))
    assert {submissions.read(number).state for number in (old, new)} == {State.REFUSED}
    with writing(library.engine) as connection:
        connection.execute(update(tables.submissions).where(column.number == old).values(decided=long_ago))
    submissions.publish_due()
    assert [submissions.get(number).state for number in (old, new)] == [State.WITHDRAWN, State.REFUSED]
    with reading(library.engine) as connection:
        kept = {row.number: row.content for row in connection.execute(select(column.number, column.content))}
    assert kept == {old: b"", new: b"Dear Mr Smith"}


def test_a_preview_that_is_out_of_date_publishes_nothing(library: Library) -> None:
    submissions = Submissions(library)
    number = submissions.receive(b"# Psoriasis\n\nUse ointment.", "p.md", "Dr A", Details())
    other = submissions.receive(b"# Psoriasis\n\nUse cream.", "p.md", "Dr B", Details())
    submissions.read(number), submissions.read(other)
    assert submissions.publish(other, "Dr B") is not None
    with pytest.raises(ChangeRefused, match="since the preview"):
        submissions.publish(number, "Dr A")


NUMBERS = itertools.count(1)
EVER_LIVE: list[set[str]] = []
"""What a restoration may bring back, also of an earlier example: they share a library."""
STEPS = st.lists(st.sampled_from(["publish", "retire", "restore", "rebuild"]), min_size=3, max_size=7)


@hypothesis_settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_no_reader_ever_finds_what_was_retired_before_it_asked(
    steps: list[str], library: Library, embedder: HashEmbedder
) -> None:
    """Readers note what was live before and after each search: they may find only that."""
    library.rebuild()
    live: list[set[str]] = [treatments(Search(library, embedder))]
    stop = threading.Event()
    wrong: list[tuple[set[str], list[set[str]]]] = []

    def read() -> None:
        while not stop.is_set():
            before, under_way = len(live) - 1, list(pending)
            found = treatments(Search(library, embedder))
            # A change under way may be seen or not; one that ended before the search must be.
            allowed = [*live[before:], *under_way, *pending]
            if found not in allowed and found not in live[before:]:
                wrong.append((found, allowed))

    pending: list[set[str]] = []  # What the change under way may make live.
    EVER_LIVE.extend(live)
    with ThreadPoolExecutor(2) as readers:
        running = [readers.submit(read) for _ in range(2)]
        for step in steps:
            number = next(NUMBERS)
            try:
                if step == "publish":
                    pending.append({f"Psoriasis treatment takes remedy{number}."})
                    library.publish(
                        guideline(version=str(number), treatment=f"Psoriasis treatment takes remedy{number}"), "Dr A"
                    )
                elif step == "retire":
                    pending.append(set())
                    library.retire("psoriasis", "Dr A")
                elif step == "restore":
                    pending.extend(EVER_LIVE)
                    library.restore("psoriasis", "Dr A")
                else:
                    library.rebuild()
            except (ChangeRefused, GuidelineNotFound):
                continue
            finally:
                edition = library.edition("psoriasis")
                now = {p.text for p in edition.pieces if p.heading == "Treatment"} if edition else set()
                EVER_LIVE.append(now)
                pending.clear()
                live.append(now)
        stop.set()
        for each in running:
            each.result()
    assert wrong == []
    assert treatments(Search(library, embedder)) == live[-1]


WRITER = """
import sys
from knowledge.library import open_library
from knowledge.settings import KnowledgeSettings
from tests.knowledge.samples import DOCUMENT, HashEmbedder, guideline
library = open_library(KnowledgeSettings(knowledge_url=sys.argv[1], chroma_url=sys.argv[2]), HashEmbedder())
for number in range(int(sys.argv[3]), 10**9):
    text = f"Psoriasis treatment takes remedy{number}"
    library.publish(guideline(version=str(number), treatment=text), "Dr A")
    if number % 3 == 0:
        library.retire("psoriasis", "Dr A")
        print("retired", number, flush=True)
    else:
        print("live", number, flush=True)
"""


@pytest.mark.slow
def test_a_killed_writer_leaves_one_whole_version_or_none(
    library: Library, search: Search, settings: KnowledgeSettings
) -> None:
    chance = random.Random(7)
    done = 0
    for _ in range(8):
        arguments = [sys.executable, "-c", WRITER, settings.database_url, settings.chroma_url, str(done + 1)]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=dict(os.environ)) as writer:
            assert writer.stdout is not None
            told = [writer.stdout.readline() for _ in range(chance.randrange(1, 5))]
            threading.Event().wait(chance.random() * 0.2)
            writer.send_signal(signal.SIGKILL)
            told += writer.stdout.readlines()
        deed, number = [line.split() for line in told if line.strip()][-1]
        done = int(number)
        live = [each for each in library.versions("psoriasis") if each.retired is None]
        assert len(live) <= 1
        found = treatments(search)
        assert found == ({f"Psoriasis treatment takes remedy{live[0].version}."} if live else set())
        # What was reported done is done; the step after it may be, too.
        assert not live or int(live[0].version) >= done + (deed == "retired")
        done = max([done, *(int(each.version) for each in library.versions("psoriasis"))])
    library.ensure_index()
    assert library.check() == []
