"""The dermatologists' web page as a process of its own.

Run: ``python -m clinic`` and ``python -m clinic invite NAME``
"""

from clinic.commands import app

if __name__ == "__main__":
    app(prog_name="python -m clinic")
