"""The library's pages: list, one guideline, search, publishing a file, retiring."""

from datetime import date

import pytest

from clinic.services import Services
from knowledge.errors import IndexUnavailable
from knowledge.guideline_file import render_guideline
from knowledge.library import Library
from knowledge.readership import Readership
from tests.clinic.browsing import Visitor
from tests.knowledge.samples import guideline

HOSTILE = "<script>alert(1)</script><b onclick='x'>&amp;{{ 7 * 7777777 }}"
ESCAPED = "&lt;script&gt;alert(1)&lt;/script&gt;&lt;b onclick=&#39;x&#39;&gt;&amp;amp;{{ 7 * 7777777 }}"


async def test_the_list_names_class_version_and_review(library: Library, reader: Visitor) -> None:
    library.publish(guideline(version="7"), "Dr B. Example")
    reviewed = guideline("scabies").model_copy(update={"reviewed": date(2025, 12, 1), "review_by": date(2026, 2, 28)})
    library.publish(reviewed, "starter")
    page = (await reader.get("/guidelines")).text
    assert "2 live · 1 not reviewed" in page
    assert "1 overdue" in page
    assert "Version 7 · Dr B. Example" in page
    assert "Review by 30 November 2027" in page
    assert "Reviewed 1 December 2025" in page
    assert "Overdue since 28 February 2026" in page
    assert page.index("Infestations and bites") < page.index(">Scabies<")


async def test_a_review_is_not_overdue_on_its_day(library: Library, reader: Visitor) -> None:
    library.publish(guideline().model_copy(update={"review_by": date(2026, 3, 1)}), "starter")
    assert "none overdue" in (await reader.get("/guidelines")).text


async def test_a_guideline_is_shown_word_for_word_with_its_sources(library: Library, reader: Visitor) -> None:
    library.publish(guideline(self_care="Use a plain cream.\nDo not pick the plaques"), "starter")
    page = (await reader.get("/guidelines/psoriasis")).text
    assert "Use a plain cream.\nDo not pick the plaques." in page
    assert 'href="https://www.nhs.uk/"' in page
    assert "NHS, Psoriasis, 2020" in page
    assert "Not reviewed by a clinician" in page
    for level in ("Emergency", "Same day", "This week", "Routine", "Self-care"):
        assert f"<h3>{level}</h3>" in page


async def test_an_unknown_guideline_is_not_found(reader: Visitor) -> None:
    assert (await reader.get("/guidelines/no-such-thing")).status_code == 404
    missing = await reader.get("/guidelines/scabies")
    assert missing.status_code == 200
    assert "no live guideline" in missing.text


async def test_the_search_finds_passages_and_says_when_there_are_none(library: Library, reader: Visitor) -> None:
    library.publish(guideline(treatment="Vitamin creams calm the silvery plaques"), "starter")
    found = (await reader.get("/search?q=silvery+plaques+vitamin")).text
    assert "Vitamin creams calm the silvery plaques." in found
    nothing = (await reader.get("/search?q=broken+bicycle")).text
    assert "Nothing in the library is about this" in nothing


async def test_the_search_marks_what_is_overdue(library: Library, reader: Visitor) -> None:
    library.publish(guideline().model_copy(update={"review_by": date(2026, 2, 28)}), "starter")
    library.settings = library.settings.model_copy(update={"library_grace_days": 10_000})
    assert "Overdue since 28 February 2026" in (await reader.get("/search?q=psoriasis+treatment")).text


async def test_the_search_is_for_the_patients_and_says_for_whom(
    services: Services, library: Library, reader: Visitor
) -> None:
    library.publish(guideline(jurisdiction="BR"), "starter")
    assert "for UK" not in (await reader.get("/search?q=psoriasis+treatment")).text
    services.search.readers = Readership("UK", "en")
    nothing = (await reader.get("/search?q=psoriasis+treatment")).text
    assert "Patients are answered from texts for UK or international, in en." in nothing
    assert "Nothing in the library for UK or international, in en is about this." in nothing


async def test_a_dead_index_is_said_and_not_hidden(
    services: Services, reader: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise IndexUnavailable("Chroma does not answer; start it")

    monkeypatch.setattr(services.search, "search", fail)
    answer = await reader.get("/search?q=itch")
    assert answer.status_code == 503
    assert "Chroma does not answer; start it" in answer.text


async def test_the_downloaded_file_can_be_published_again(library: Library, reader: Visitor) -> None:
    library.publish(guideline(overview='Quotes " and lines\nand ünïcode & more'), "starter")
    file = await reader.get("/guidelines/psoriasis/file")
    assert file.headers["content-disposition"] == 'attachment; filename="psoriasis.md"'
    before = library.guideline("psoriasis")
    await reader.publish(await reader.upload(file.content))
    assert library.guideline("psoriasis") == before
    assert len(library.versions("psoriasis")) == 1


async def test_retiring_asks_first_and_then_takes_it_out(library: Library, reader: Visitor) -> None:
    library.publish(guideline(), "starter")
    asked = await reader.get("/guidelines/psoriasis/retire")
    assert "Retire “Psoriasis”?" in asked.text
    assert library.documents()
    done = await reader.send("/guidelines/psoriasis/retire", "/guidelines/psoriasis/retire")
    assert done.headers["location"] == "/guidelines/psoriasis?done=retired"
    assert library.documents() == []
    assert library.versions("psoriasis")[0].retired_by == "Dr A. Example"
    after = (await reader.get("/guidelines/psoriasis?done=retired")).text
    assert "by Dr A. Example" in after
    assert (await reader.get("/guidelines/psoriasis/retire")).status_code == 404


async def test_hostile_text_stays_text_everywhere(library: Library, reader: Visitor) -> None:
    hostile = guideline(synonyms=(HOSTILE,), overview=HOSTILE, version="<i>1</i>")
    library.publish(hostile, "<u>author</u>")
    pages = [
        await reader.get("/guidelines"),
        await reader.get("/guidelines/psoriasis"),
        await reader.client.get("/search", params={"q": HOSTILE}),
        await reader.client.get("/search", params={"q": "psoriasis overview alert"}),
        await reader.upload(render_guideline(hostile.model_copy(update={"version": "2"})), f"{HOSTILE}.md"),
        await reader.upload(f"---\n{HOSTILE}\n---", f"{HOSTILE}.md"),
        await reader.upload(f"# Psoriasis {HOSTILE}\n\n{HOSTILE} is good.", f"{HOSTILE}.txt", title=HOSTILE),
        await reader.get("/submissions"),
        await reader.get("/log"),
        await reader.client.get("/cases", params={"number": HOSTILE}),
        await reader.client.get("/", params={"next": HOSTILE}),
        await reader.client.get(f"/guidelines/{HOSTILE}"),
    ]
    for answer in pages:
        for raw in ("<script", "<b onclick", "<i>1", "<u>author", "onclick='x'>", "54444439"):
            assert raw not in answer.text, (answer.url, raw)
    assert ESCAPED in pages[1].text
