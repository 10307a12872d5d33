"""What was told anywhere in a case counts everywhere in it: in the advice as in a reply, and for the right person.

Run: ``pytest tests/agents/test_whole_conversation.py``
"""

import pytest

from agents.adviser import Adviser
from agents.history_taking.candidates import told
from agents.subjects import named_of_patient
from cases.record import History
from conditions import TriageLevel
from tests.agents.conftest import MakeAdviser
from tests.agents.library import WordSearch, starter_passages
from tests.agents.samples import RINGWORM, TODAY, case, turns

_WORDS = case(None, words="itchy patch on my arm", photo_ids=())


@pytest.fixture
def starter(make_adviser: MakeAdviser) -> Adviser:
    return make_adviser(search=WordSearch(starter_passages()))


def test_advice_written_anew_is_as_urgent_as_what_was_told_meanwhile(adviser: Adviser) -> None:
    said = turns(_WORDS.words, "I see.", "It is now spreading fast, hot and painful and I have a fever")
    assert adviser.advise(_WORDS, TODAY).triage.level.urgency < TriageLevel.SAME_DAY.urgency
    assert adviser.advise(_WORDS, TODAY, said).triage.level.urgency >= TriageLevel.SAME_DAY.urgency


def test_the_first_answer_names_nothing_that_the_patient_is_allergic_to(starter: Adviser) -> None:
    asked = "ringworm on my arm, which cream can I use?"
    free = starter.advise(case(None, words=asked, photo_ids=()), TODAY)
    assert "clotrimazole" in free.text.casefold()
    bound = starter.advise(case(None, words=f"I'm allergic to clotrimazole. {asked}", photo_ids=()), TODAY)
    assert bound.statements
    assert not any("clotrimazole" in each.text.casefold() for each in bound.statements)


def test_who_is_allergic_to_penicillin_reads_of_none_of_its_kind(starter: Adviser) -> None:
    question = "How is scarlet fever treated with antibiotics, which ones?"
    free = starter.reply(case(None, words="", photo_ids=()), turns(question), TODAY)
    assert "cillin" in free.text.casefold()
    bound = starter.reply(case(None, words="", photo_ids=()), turns(f"I have a penicillin allergy. {question}"), TODAY)
    assert not any("cillin" in each.text.casefold() for each in bound.statements)


def test_a_cream_that_failed_does_not_silence_the_condition_it_is_for(starter: Adviser) -> None:
    said = ("The ringworm cream did not help", "I see.", "What else can I do for the ringworm?")
    assert len(starter.reply(RINGWORM, turns(*said), TODAY).statements) >= 3


def test_pregnancy_by_button_counts_in_the_answer_to_the_words_that_opened_the_case(starter: Adviser) -> None:
    words = "acne on my face, which cream or tablets can I use?"
    expecting = case(None, History(pregnant=True, age=30), words, photo_ids=())
    assert "pregnan" in starter.advise(expecting, TODAY).text.casefold()


def test_what_is_only_guessed_from_words_is_called_a_guess_in_every_reply(starter: Adviser) -> None:
    guessed = case(None, words="scaly itchy ring with a clear middle on my leg", photo_ids=())
    asked = turns(guessed.words, "It may be …", "what helps the itch?")
    assert "Going only by your words" in starter.reply(guessed, asked, TODAY).text
    named = case(None, words="ringworm on my leg", photo_ids=())
    assert "Going only by your words" not in starter.reply(named, turns(named.words, "…", asked[-1].text), TODAY).text


def test_another_complaint_elsewhere_is_not_answered_about_the_first(starter: Adviser) -> None:
    question = "There are itchy flakes all over my scalp, which shampoo is good?"
    reply = starter.reply(RINGWORM, turns(RINGWORM.words, "…", question), TODAY)
    assert "ringworm" not in reply.text.casefold() and "scalp" in reply.text.casefold()
    cream = starter.reply(RINGWORM, turns(RINGWORM.words, "…", "Can I put the cream on my itchy face?"), TODAY)
    assert "scalp" not in cream.text.casefold()
    spread = starter.reply(RINGWORM, turns(RINGWORM.words, "…", "It has spread to my back, how is it treated?"), TODAY)
    assert "ringworm" in spread.text.casefold()


def test_who_asks_whether_it_remembers_is_still_told_what_is_urgent(adviser: Adviser) -> None:
    words = "Do you remember me? The redness is spreading from my cut and a red line goes up"
    reply = adviser.reply(_WORDS, turns(_WORDS.words, "…", words), TODAY)
    assert "today" in reply.text and "What I remember of you" in reply.text


@pytest.mark.parametrize(
    ("words", "slugs"),
    [
        ("ring shaped itchy rash on my leg. My wife has psoriasis.", []),
        ("scaly ring on my arm, it is not psoriasis", []),
        ("I had shingles two years ago. Now a scaly ring grows on my belly", []),
        ("the doctor ruled out eczema, still very itchy small bumps on my wrists", []),
        ("ring shaped itchy rash on my back. My wife has psoriasis.", []),
        ("scaly ring on my arm, it is not athlete's foot", []),
        ("My husband has shingles, can I catch it?", ["herpes-zoster"]),
        ("How do I know it isn't melanoma?", ["melanoma"]),
        ("My wife has psoriasis on her elbows, which cream?", ["psoriasis"]),
        ("They have not ruled out melanoma, the spot still bleeds", ["melanoma"]),
        ("I had shingles two years ago, the same painful blisters are back on my chest", ["herpes-zoster"]),
        ("I do not know what to do about my psoriasis, it is spreading over my elbows", ["psoriasis"]),
        ("My wife has scabies, now I itch all over at night between my fingers", ["scabies"]),
    ],
)
def test_an_illness_of_others_past_or_denied_is_not_what_the_case_is_about(words: str, slugs: list[str]) -> None:
    assert [each.slug for each in named_of_patient(words)] == slugs


@pytest.mark.parametrize(
    ("words", "feature", "option"),
    [
        ("I don't know what this itchy ring on my leg is", "shape", "ring"),
        ("it doesn't itch", "itch", "no"),
        ("it isn't painful", "itch", "no"),
        ("a shiny bump", "shape", "bumps"),
    ],
)
def test_what_is_denied_shows_nothing_of_the_kind(words: str, feature: str, option: str) -> None:
    assert told(words)[feature] == option
