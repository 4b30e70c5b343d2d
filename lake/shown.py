"""Text that others wrote -> text for a terminal, which it cannot steer."""


def printable(text: str) -> str:
    """Write out what cannot be printed: an escape becomes ``\\x1b``, a line break ``\\n``."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
