"""Public data sets, each read by its own adapter into the one `LesionRecord`."""
