"""Measures the agent: triage, the check of sentences, what is not covered, history taking, a long conversation."""
