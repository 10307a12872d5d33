"""Which condition a patient's own words describe, where they do not name it."""
