"""Training: the vision tower first, then the paper's two steps over its cached outputs."""
