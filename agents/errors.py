"""What can go wrong while advising. Vendors' errors are mapped to these at the border.

AgentsError
├── SettingsIncomplete      a setting is missing or contradicts another; names the setting, never its value
├── ChatModelUnavailable    the language model did not answer, or refused
├── VisionUnavailable       the vision model did not answer
└── MemoryUnreadable        the agent's memory cannot be opened, or was sealed with another key
"""


class AgentsError(Exception):
    """Any failure of this room. The message says what happened and what to do."""


class SettingsIncomplete(AgentsError):
    """A setting is missing or contradicts another."""


class ChatModelUnavailable(AgentsError):
    """The chat model did not answer: the task may be tried again."""


class VisionUnavailable(AgentsError):
    """The vision model did not answer: the task may be tried again. Raised by implementations of `VisionModel`."""


class MemoryUnreadable(AgentsError):
    """The agent's memory cannot be opened or read. It is disposable: the cases hold what was said."""
