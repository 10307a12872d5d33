"""The patients of `benchmarks.faults`: each chat sends photos and a question, and is judged by what stands in it at the
end.
"""

import random
import threading
import time
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from bot import texts
from bot.presses import PressKind, Unreadable, press_of
from local.playground.patient import Patient, buttons
from local.playground.wire import Json

CASES_OF_A_CHAT = 5
_LOOK_SECONDS = 0.7
_EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
PHOTOS = (_EXAMPLES / "mole.jpg", _EXAMPLES / "rough-red-spot.jpg")
_NOTICES = (texts.READY, texts.THINKING, texts.LATER)


@dataclass
class Ledger:
    """When what was sent and answered, in seconds since `began`; shared by all patients. `longest`: photos are sent for
    so many seconds at most.
    """

    cases: int
    longest: float
    began: float = 0.0
    photos_sent: int = 0
    questions_asked: int = 0
    answered: list[tuple[float, float]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _over: threading.Event = field(default_factory=threading.Event)

    def take_photo(self) -> bool:
        """Whether one more photo is to be sent; it then counts as sent."""
        with self._lock:
            if self.is_closed:
                return False
            self.photos_sent += 1
            return True

    @property
    def is_closed(self) -> bool:
        """Whether no more photos are to be sent: all were, or the time for it is up."""
        return self.photos_sent >= self.cases or self.now() > self.longest

    def asked(self) -> None:
        """A question was asked."""
        with self._lock:
            self.questions_asked += 1

    def now(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.began

    def note(self, sent: float, answered: float) -> None:
        """An answer has come."""
        with self._lock:
            self.answered.append((sent, answered))

    def give_up(self) -> None:
        """Nobody waits any longer."""
        self._over.set()

    @property
    def is_over(self) -> bool:
        """Whether waiting has an end."""
        return self._over.is_set()


@dataclass(frozen=True)
class Judgement:
    """What one chat came to."""

    missing: int
    doubled: int
    out_of_order: int
    apologies: int
    extra: int


class Chat:
    """One patient from consent to the last answer."""

    def __init__(self, page: str, ledger: Ledger, number: int, choice: random.Random) -> None:
        self._patient = Patient.open(page, first_name=f"Patient {number}")
        self._ledger = ledger
        self._choice = choice
        self._photos = 0
        self._question: int | None = None

    def run(self) -> None:
        """Agree, send the photos one or two at a time, wait for each answer, ask a question at the end."""
        if self._ledger.is_closed:
            return
        self._agree()
        left = CASES_OF_A_CHAT
        while left:
            together = min(left, self._choice.choice((1, 1, 2)))
            left -= together
            for _ in range(together):
                if not self._send():
                    left = 0
            self._until(lambda: len(answers_in(self._messages())) >= self._photos)
        if self._photos and not self._ledger.is_over:
            self._ask()

    def _agree(self) -> None:
        self._patient.start()
        self._until(lambda: any(texts.CONSENT_YES in _labels(each) for each in self._messages()))
        if not self._ledger.is_over:
            self._patient.press(texts.CONSENT_YES)
        self._until(lambda: any("Now send me a photo" in each.get("text", "") for each in self._messages()))

    def _send(self) -> bool:
        if self._ledger.is_over or not self._ledger.take_photo():
            return False
        sent = self._ledger.now()
        self._patient.send_photo(self._choice.choice(PHOTOS))
        self._photos += 1
        threading.Thread(target=self._note_answer, args=(self._photos, sent), daemon=True).start()
        return True

    def _note_answer(self, number: int, sent: float) -> None:
        self._until(lambda: len(answers_in(self._messages())) >= number)
        if not self._ledger.is_over:
            self._ledger.note(sent, self._ledger.now())

    def _ask(self) -> None:
        self._question = self._patient.say("Is it contagious?")["message_id"]
        self._ledger.asked()
        asked = self._ledger.now()
        self._until(lambda: _replies(self._messages(), self._question))
        if not self._ledger.is_over:
            self._ledger.note(asked, self._ledger.now())

    def _until(self, fact: object) -> None:
        assert callable(fact)
        while not self._ledger.is_over and not fact():
            time.sleep(_LOOK_SECONDS)

    def _messages(self) -> list[Json]:
        return [message for message in self._patient.messages() if message["from"]["is_bot"]]

    def judged(self) -> Judgement:
        """What stands in the chat now."""
        said = self._messages()
        answers = answers_in(said)
        cases = set(answers)
        replies = _replies(said, self._question)
        asked = 1 if self._question else 0
        apologies = sum("could not look at this" in each.get("text", "") for each in said)
        consent = 2 if said else 0  # the question and the thanks
        expected = consent + 2 * self._photos + asked  # a card and a notice for each photo; a reply
        doubled = len(answers) - len(cases) + max(0, len(replies) - asked)
        self._patient.close()
        return Judgement(
            missing=self._photos - len(cases) + max(0, asked - len(replies)),
            doubled=doubled,
            out_of_order=self._out_of_order(said),
            apologies=apologies,
            extra=max(0, len(said) - expected - doubled),
        )

    def _out_of_order(self, said: list[Json]) -> int:
        """Cards stand in the order of the photos they answer, and a reply below them."""
        answered = [
            each["reply_to_message"]["message_id"] for each in said if case_of(each) and "reply_to_message" in each
        ]
        return sum(later < earlier for earlier, later in pairwise(answered))


def _labels(message: Json) -> list[str]:
    return [button["text"] for button in buttons(message)]


def case_of(message: Json) -> str | None:
    """The case that this message is the answer to: its button for feedback names it."""
    for button in buttons(message):
        try:
            press = press_of(button.get("callback_data", ""))
        except Unreadable:
            continue
        if press.kind is PressKind.FEEDBACK:
            return press.reference
    return None


def answers_in(said: list[Json]) -> list[str]:
    """The cases answered, once for each message that answers one."""
    return [case for case in map(case_of, said) if case]


def _replies(said: list[Json], question: int | None) -> list[Json]:
    """What answers the question: not a card, not a notice."""
    return [
        each
        for each in said
        if question is not None
        and each["message_id"] > question
        and each.get("text") not in _NOTICES
        and not case_of(each)
        and "Here is your answer" not in each.get("text", "")
        and "takes longer than usual" not in each.get("text", "")
    ]
