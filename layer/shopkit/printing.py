"""Makes stored text safe to display. What a customer or an operator typed must not control the terminal or mail program
that shows it (CWE-150): by colours, a cleared screen, another reading direction or extra lines."""

import re

# C0, DEL and C1 (ECMA-48); the line and paragraph separators; the embeddings, overrides and isolates of UAX #9.
_COMMANDS = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
_BUT_LAYOUT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
_SHOWN_AS = "\N{REPLACEMENT CHARACTER}"


def harmless(text: str) -> str:
    """Returns the text as one line. Each control character is replaced by a visible mark."""
    return _COMMANDS.sub(_SHOWN_AS, text)


def harmless_lines(text: str) -> str:
    """Like `harmless`, but keeps line ends and tabs."""
    return _BUT_LAYOUT.sub(_SHOWN_AS, text)
