"""Work that takes longer than a chat may wait: asking the model, running the agent, reading guidelines in.

Run: ``celery -A worker.app worker -Q gpu`` (``agent``, ``library``) and ``python -m worker.sweep``.
"""
