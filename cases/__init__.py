"""The patient's record: consent, cases, photos, findings, advice, conversation, and the queues in and out,
all sealed at rest.
"""
