"""What a doctor would ask: the possibilities by words and answers, and the question that separates them best."""
