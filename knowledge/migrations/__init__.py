"""The ordered changes of the library's database."""
