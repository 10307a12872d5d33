"""What can go wrong when the house is started on one machine.

* LocalError
  * AlreadyRunning  – another supervisor holds this data folder
  * NotRunning      – nothing runs on this data folder
  * KeyLost         – there are sealed cases but the key that opens them is gone
  * KeyMisplaced    – the key would lie beside what it seals
  * StartFailed     – a part did not come up; the message names its log file

Messages say what happened and what to do; they hold no patient's words and no secret.
"""


class LocalError(Exception):
    """Base of everything the local house raises."""


class AlreadyRunning(LocalError):
    """The data folder is in use."""


class NotRunning(LocalError):
    """Nothing runs on the data folder."""


class KeyLost(LocalError):
    """The key file is missing although cases were sealed with it."""


class KeyMisplaced(LocalError):
    """The key file lies inside the data folder."""


class StartFailed(LocalError):
    """A part of the house did not come up."""
