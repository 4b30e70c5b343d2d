"""What a test needs and a machine may lack -> a skip, or a failure where nobody allowed it."""

import os
from typing import NoReturn

import pytest


def lacking(what: str, why: object) -> NoReturn:
    """Skip the test that needs ``what``; fail it where ELIQ_MAY_SKIP is set and does not name it.

    ELIQ_MAY_SKIP is words with spaces between; where it is not set at all, anything is skipped.
    """
    allowed = os.environ.get("ELIQ_MAY_SKIP")
    if allowed is None or what in allowed.split():
        pytest.skip(f"no {what}: {why}")  # noqa: TID251 - the one place
    pytest.fail(f"there is no {what} ({why}), and ELIQ_MAY_SKIP does not name it", pytrace=False)
