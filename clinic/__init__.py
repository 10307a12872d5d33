"""The dermatologists' web page: keeps the guidelines current and reads cases, behind its own sign-in."""
