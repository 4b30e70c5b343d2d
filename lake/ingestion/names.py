"""What senders call themselves and their files -> folders and names that Spark finds and reads.

Spark's reader of text unpacks by the end of a name, whatever is in the file, leaves out what it
takes for hidden or half written, and stops at a colon: one such name, and nothing of the table is
taken any more, or the file never is.
"""

import re

# A partner's folder in landing; what begins with `_` or `.` Spark passes over.
PARTNER_ID = r"(?:[^\W_]|-)[\w.-]{0,127}"
PARTNER_ID_CURE = "use letters, digits, '-', '_' and '.', at most 128, not '_' or '.' first"
# What the Data Management API says of homes: its own files are told by their name.
MANAGEMENT = "management.ndjson"
_OWN = frozenset({MANAGEMENT})
NDJSON, CSV, GZ = ".ndjson", ".csv", ".gz"
# More stands before and behind it; file systems take 255 bytes.
_LONGEST = 150
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9_.() -]")
# Where Java has no UTF-8, it does not find what is not ASCII: such names are read as a rule.
_NEVER_READ = re.compile(
    r"[:\ud800-\udfff]"
    r"|\.(?i:bz2|deflate|gzip|lz4|snappy|zst)$"
    r"|\.(?!gz$)(?i:gz)$"
    r"|\._COPYING_$"
)


def is_partner_id(said: object) -> bool:
    """Tell whether a partner can be called so."""
    return isinstance(said, str) and re.fullmatch(PARTNER_ID, said) is not None


def plain_name(name: str) -> str:
    """Return a name of letters, digits and a few signs: the end of it, without ``.gz``."""
    stem = re.sub(r"\.gz$", "", name, flags=re.IGNORECASE)
    return _NOT_PLAIN.sub("_", stem)[-_LONGEST:].strip(". ") or "upload"


def landed_name(name: str, form: str, *, is_gzip: bool = False, is_own: bool = False) -> str:
    """Return the name of a file that Spark is to read, with the ending of what is in it.

    ``form`` is the ending of a name that has none of ours. No sender's file is called as one that
    ``is_own``.
    """
    plain = plain_name(name)
    if not plain.lower().endswith((NDJSON, CSV)):
        plain += form
    if plain in _OWN and not is_own:
        plain = f"sent-{plain}"
    return plain + (GZ if is_gzip else "")


def is_read(name: str) -> bool:
    """Tell whether Spark reads a file of such a name; files landed under any once."""
    return _NEVER_READ.search(name) is None
