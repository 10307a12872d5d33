"""Reads a document a dermatologist sends, Markdown, PDF, DOCX, HTML or plain text, into one plain form.

The form is Markdown with headings, pages apart by form feeds. A document is data: what a reader of its pages
would not see, and what speaks to a machine instead of a reader, is taken out and told. Parsers run in a process
of their own (`knowledge.sandbox`), since a broken or hostile file may make any of them fail, hang or swell.
"""
