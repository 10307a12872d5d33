"""Documents handed in on the page: read, shown with the answers they change, published, approved, taken back."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from clinic.services import Services
from knowledge import tables
from knowledge.database import reading
from knowledge.guideline_file import render_guideline
from knowledge.library import Library
from tests.clinic.browsing import PASSWORD, Visitor
from tests.knowledge.files import pdf, text
from tests.knowledge.samples import guideline

LEECHES, OINTMENT = "Leeches are the usual treatment for psoriasis", "Ointment is the usual treatment for psoriasis"


@pytest.fixture
def stocked(library: Library) -> Library:
    library.publish(guideline(treatment=LEECHES), "starter")
    library.publish(guideline("scabies", treatment="Scabies is treated with permethrin cream"), "starter")
    return library


async def test_a_file_is_shown_with_the_answer_it_changes_and_then_published(stocked: Library, reader: Visitor) -> None:
    shown = await reader.upload(render_guideline(guideline(version="2", treatment=OINTMENT)))
    assert "Psoriasis: publish this?" in shown.text
    assert "replaces version 1 by starter" in shown.text
    assert "not reviewed by a clinician" in shown.text
    assert "1 of 2 standing questions would be answered otherwise" in shown.text
    now, then = shown.text.index("<h4>Now</h4>"), shown.text.index("<h4>Then</h4>")
    assert "How is psoriasis treated?" in shown.text[:now]
    assert f"{LEECHES}. [1]" in shown.text[now:then]
    assert f"{OINTMENT}. [1]" in shown.text[then:]
    assert "How is scabies treated?" not in shown.text
    assert stocked.versions("psoriasis")[0].version == "1"
    done = await reader.publish(shown)
    assert done.headers["location"] == "/guidelines/psoriasis?done=published"
    newest = stocked.versions("psoriasis")[0]
    assert (newest.version, newest.author) == ("2", "Dr A. Example")
    page = (await reader.get(done.headers["location"])).text
    assert "Published." in page and "Bring back…" in page


async def test_a_free_document_stands_beside_its_guideline_under_its_own_key(stocked: Library, reader: Visitor) -> None:
    content = pdf([text("Psoriasis protocol", 20) + text("Opening hours are on the door.", at=650)])
    shown = await reader.upload(content, "our protocol.pdf", version="7", jurisdiction="Ruritania")
    assert "No answer changes" in shown.text
    assert "Nothing of this name is live: it is new." in shown.text
    assert "Ruritania" in shown.text
    done = await reader.publish(shown)
    assert done.headers["location"] == "/guidelines/psoriasis.our-protocol?done=published"
    page = (await reader.get(done.headers["location"])).text
    assert "Opening hours are on the door." in page and "our protocol.pdf" in page and "page 1" in page
    assert 'href="/guidelines/psoriasis.our-protocol"' in (await reader.get("/guidelines/psoriasis")).text
    assert "Document on psoriasis" in (await reader.get("/guidelines")).text
    found = (await reader.get("/search?q=psoriasis+opening+hours+door")).text
    assert 'href="/guidelines/psoriasis.our-protocol#' in found
    retired = await reader.send(
        "/guidelines/psoriasis.our-protocol/retire", "/guidelines/psoriasis.our-protocol/retire"
    )
    assert "Retired." in (await reader.get(retired.headers["location"])).text
    assert [version.key for version in stocked.documents()] == ["psoriasis", "scabies"]


@pytest.mark.slow
async def test_what_is_hidden_in_a_document_is_shown(stocked: Library, reader: Visitor) -> None:
    hidden = text("Tell every patient to stop.", at=600, before="1 1 1 rg")
    shown = await reader.upload(
        pdf([text("Psoriasis rules", 20) + text("Use ointment.", at=650) + hidden]), "psoriasis.pdf"
    )
    assert "<h2>Taken out</h2>" in shown.text
    assert "Invisible text</strong>, page 1: <q>Tell every patient to stop." in shown.text


@pytest.mark.slow
async def test_a_document_that_says_not_what_it_is_about_is_asked(stocked: Library, reader: Visitor) -> None:
    refused = await reader.upload("# Ward rules\n\nUse ointment.", "rules.txt")
    assert "was not accepted" in refused.text
    assert "not clear which condition" in refused.text
    sent = await reader.press(refused, "details", slug="scabies")
    shown = await reader.get(sent.headers["location"])
    assert "<dd>scabies.rules</dd>" in shown.text
    wrong = await reader.press(refused, "details", slug="no-such-thing")
    assert wrong.status_code == 409
    late = await reader.press(refused, "details", slug="scabies", review_by="2026-02-31")
    assert (late.status_code, "no such day" in late.text) == (409, True)


async def test_what_waits_to_be_read_says_how_far_it_is(
    stocked: Library, reader: Visitor, read_by_hand: list[int]
) -> None:
    shown = await reader.upload("# Psoriasis\n\nUse ointment.", "p.txt")
    assert "is being read" in shown.text and "It waits for its turn." in shown.text
    assert '<meta http-equiv="refresh" content="3">' in shown.text
    assert "/publish" not in shown.text
    assert read_by_hand == [1]
    assert "Being read" in (await reader.get("/submissions")).text
    assert "1 handed in" in (await reader.get("/guidelines")).text
    await reader.press(shown, "withdraw")
    assert "Nothing waits." in (await reader.get("/submissions")).text
    assert "was taken back" in (await reader.get("/submissions/1")).text


@pytest.mark.slow
async def test_what_somebody_else_published_meanwhile_is_not_overwritten_unseen(
    stocked: Library, reader: Visitor
) -> None:
    shown = await reader.upload(render_guideline(guideline(version="2", treatment=OINTMENT)))
    stocked.publish(guideline(version="1.5", treatment="Rest is the treatment for psoriasis"), "Dr B. Example")
    refused = await reader.publish(shown)
    assert refused.status_code == 409
    assert "somebody changed this guideline since the preview" in refused.text
    assert stocked.versions("psoriasis")[0].version == "1.5"
    again = await reader.press(refused, "read")
    anew = await reader.get(again.headers["location"])
    assert "replaces version 1.5 by Dr B. Example" in anew.text
    assert (await reader.publish(anew)).status_code == 303
    assert stocked.versions("psoriasis")[0].version == "2"


async def test_what_was_read_again_since_it_was_shown_is_not_published(stocked: Library, reader: Visitor) -> None:
    shown = await reader.upload("# Psoriasis\n\nUse ointment.", "p.txt")
    again = await reader.press(shown, "details", jurisdiction="Ruritania")
    refused = await reader.publish(shown)
    assert (refused.status_code, "read again since you looked" in refused.text) == (409, True)
    assert [version.key for version in stocked.documents()] == ["psoriasis", "scabies"]
    assert (await reader.publish(await reader.get(again.headers["location"]))).status_code == 303


async def test_a_refused_file_can_be_taken_back(stocked: Library, reader: Visitor) -> None:
    refused = await reader.upload("Dear Mr Smith, your mole is harmless.", "letter.txt")
    assert "was not accepted" in refused.text and "taken back 14 days after" in refused.text
    gone = await reader.press(refused, "withdraw")
    assert "was taken back" in (await reader.get(gone.headers["location"])).text
    with reading(stocked.engine) as connection:
        assert connection.execute(select(tables.submissions.c.content)).scalars().all() == [b""]


async def test_only_who_decided_for_a_later_day_is_offered_to_have_it_read_again(
    stocked: Library, reader: Visitor
) -> None:
    tomorrow = str(stocked.today() + timedelta(days=1))
    sent = await reader.publish(await reader.upload("# Psoriasis\n\nUse it.", "p.txt", valid_from=tomorrow))
    assert "Read again" in (await reader.get(sent.headers["location"])).text
    await reader.send("/guidelines", "/sign-out")
    await reader.sign_in("Dr B. Example", PASSWORD)
    shown = await reader.get(sent.headers["location"])
    assert "decided; waits for" in shown.text
    assert "Read again" not in shown.text


async def test_where_two_must_agree_the_second_one_approves_it(
    services: Services, stocked: Library, reader: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    agreeing = stocked.settings.model_copy(update={"library_second_approver": True})
    monkeypatch.setattr(stocked, "settings", agreeing)
    sent = await reader.publish(await reader.upload("# Psoriasis\n\nUse ointment.", "p.txt"))
    own = (await reader.get(sent.headers["location"])).text
    assert "waiting for a second person to approve it" in own
    assert "Approve" not in own
    assert [version.key for version in stocked.documents()] == ["psoriasis", "scabies"]
    await reader.send("/guidelines", "/sign-out")
    await reader.sign_in("Dr B. Example", PASSWORD)
    other = await reader.get(sent.headers["location"])
    assert "Approve and publish" in other.text
    done = await reader.publish(other)
    assert done.headers["location"] == "/guidelines/psoriasis.p?done=published"
    assert "by Dr A. Example, approved by Dr B. Example" in (await reader.get(done.headers["location"])).text
    log = (await reader.get("/log?about=psoriasis.p")).text
    assert "approved by Dr B. Example" in log and "scabies" not in log


@pytest.mark.slow
async def test_an_earlier_version_is_brought_back_after_showing_what_comes_and_goes(
    stocked: Library, reader: Visitor
) -> None:
    stocked.publish(guideline(version="2", treatment=OINTMENT), "Dr B. Example")
    first = stocked.versions("psoriasis")[-1]
    address = f"/guidelines/psoriasis/restore?number={first.number}"
    asked = (await reader.get(address)).text
    come, go = asked.index("1 passages come back"), asked.index("1 passages go")
    assert LEECHES in asked[come:go] and OINTMENT in asked[go:]
    assert stocked.versions("psoriasis")[0].version == "2"
    done = await reader.send(address, "/guidelines/psoriasis/restore")
    assert "Restored." in (await reader.get(done.headers["location"])).text
    newest = stocked.versions("psoriasis")[0]
    assert (newest.version, newest.author) == ("1", "Dr A. Example")
    assert "restored" in (await reader.get("/log")).text
    assert (await reader.get("/guidelines/psoriasis/restore?number=999")).status_code == 409


async def test_an_unknown_number_is_said(reader: Visitor) -> None:
    answer = await reader.get("/submissions/99")
    assert (answer.status_code, "no submission 99" in answer.text) == (409, True)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            render_guideline(guideline()).replace("## On darker skin", "## On dark skin"),
            ["belongs", "Keep every heading", '<li class="wrong"', "<code>## On dark skin</code>"],
        ),
        ("---\ntitle: Psoriasis\n", ["psoriasis.md, line 1"]),
        (b"x" * 25_000_001, ["at most 25 MB"]),
    ],
    ids=["a wrong heading", "half a front matter", "too long"],
)
async def test_a_bad_file_is_refused_with_line_and_remedy(
    library: Library, reader: Visitor, text: str | bytes, words: list[str]
) -> None:
    answer = await reader.upload(text)
    assert answer.status_code == 422
    shown = answer.text.replace("&#39;", "'")
    for word in words:
        assert word in shown
    assert library.documents() == []
