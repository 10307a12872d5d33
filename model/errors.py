"""What can go wrong in the model room.

ModelError
 ├── DataSetError     a data folder is missing, empty or has rows that cannot be used
 ├── PictureError     a file is no picture that can be read
 ├── WeightsError     a weights folder is missing, incomplete or of another shape
 ├── TrainingError    a training run cannot start or go on as it was asked
 ├── MissingExtra     a command needs a library that only researchers have
 └── RequestError     a request to the server that cannot be answered (mapped to 422 by the server)
"""


class ModelError(Exception):
    """Base of every error of this room."""


class DataSetError(ModelError):
    """A data folder cannot be used; the message names the path and the remedy."""


class PictureError(ModelError):
    """A picture cannot be read; the message says why, and what reads it adds which and the remedy."""


class WeightsError(ModelError):
    """A weights folder cannot be used; the message names the path and the remedy."""


class TrainingError(ModelError):
    """A training run cannot start or go on; the message names the file and the remedy."""


class MissingExtra(ModelError):
    """A library of the extra `research` is not installed; the message says what to install."""


class RequestError(ModelError):
    """A request cannot be answered as it stands; the message says what to change."""
