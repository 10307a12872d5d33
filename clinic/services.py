"""What the pages work with: the library, the patients' record, who may sign in, the time."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cases.database import CaseDatabase, open_cases
from cases.keys import load_key
from cases.settings import CasesSettings
from clinic.clinicians import Clinicians
from clinic.sessions import Sessions, session_secret
from clinic.settings import ClinicSettings
from clinic.throttle import Throttle
from knowledge.embedding import RemoteEmbedder
from knowledge.library import Library, open_library
from knowledge.search import Search
from knowledge.settings import KnowledgeSettings


@dataclass(frozen=True, slots=True)
class Services:
    """All of it; safe to share between threads. `sign_in` is held while one password is checked."""

    library: Library
    search: Search
    cases: CaseDatabase
    clinicians: Clinicians
    sessions: Sessions
    throttle: Throttle
    clock: Callable[[], datetime]
    sign_in: threading.Lock = field(default_factory=threading.Lock)


def utc_now() -> datetime:
    """The time."""
    return datetime.now(UTC)


def open_services(settings: ClinicSettings) -> Services:
    """Everything on the environment's settings. Raises ClinicianListInvalid, CasesError, LibraryUnavailable."""
    clinicians = Clinicians.read(settings.clinic_users.get_secret_value())
    cases_settings, knowledge_settings = CasesSettings(), KnowledgeSettings()
    embedder = RemoteEmbedder(knowledge_settings.embedder_url)
    library = open_library(knowledge_settings, embedder)
    return Services(
        library=library,
        search=Search(library, embedder),
        cases=open_cases(cases_settings),
        clinicians=clinicians,
        sessions=Sessions(session_secret(load_key(cases_settings)), utc_now),
        throttle=Throttle(utc_now),
        clock=utc_now,
    )
