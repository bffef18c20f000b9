"""Stored text where it is shown. What a customer or an operator once typed must not command the terminal or the mail
program that shows it (CWE-150): colours, a cleared screen, a changed direction of reading, a line of its own."""

import re

# C0, DEL and C1 (ECMA-48); the line and paragraph separators; the embeddings, overrides and isolates of UAX #9.
_COMMANDS = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
_BUT_LAYOUT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
_SHOWN_AS = "\N{REPLACEMENT CHARACTER}"


def harmless(text: str) -> str:
    """One line of text, with a visible mark for each character that commands instead of being read."""
    return _COMMANDS.sub(_SHOWN_AS, text)


def harmless_lines(text: str) -> str:
    """Like `harmless`, of text whose line ends and tabs are meant."""
    return _BUT_LAYOUT.sub(_SHOWN_AS, text)
