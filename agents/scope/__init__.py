"""Whether a question is one that a library of skin guidelines can answer at all."""
