"""The guideline library: texts with sources, their versions, and the search that finds the right passage."""
