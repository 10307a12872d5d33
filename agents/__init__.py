"""Advice for patients: triage by rules, then an agent that answers only with sentences a guideline supports.

Nothing is imported here: `agents.triage` must answer at once, without LangChain.
"""
