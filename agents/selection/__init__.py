"""Answer-sentence selection: which sentences of a guideline answer the question that was asked of it."""
