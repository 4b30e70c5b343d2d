"""One base for every error that a user may see: what happened, where, and the cure."""


class LakeError(Exception):
    """An error with a stable code, which is also the last part of its problem type's address."""

    code = "lake-error"
    # Whether the same may succeed in a minute: a broker that starts again, another run that ends.
    may_pass = False

    def __init__(self, what: str, *, where: str = "", cure: str = "") -> None:
        """Take what happened, where (table, file, line, column) and what to do about it."""
        self.what, self.where, self.cure = what, where, cure
        super().__init__(what)

    def __str__(self) -> str:
        place = f" ({self.where})" if self.where else ""
        cure = f"; {self.cure}" if self.cure else ""
        return f"{self.what}{place}{cure}"
