import pytest

from infra.lacking import lacking


@pytest.mark.parametrize("allowed", [None, "chromium", "npm chromium"])
def test_what_may_be_skipped_is_skipped(
    allowed: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ELIQ_MAY_SKIP", raising=False)
    if allowed is not None:
        monkeypatch.setenv("ELIQ_MAY_SKIP", allowed)
    with pytest.raises(
        pytest.skip.Exception,  # noqa: TID251
        match="no chromium: install it",
    ):
        lacking("chromium", "install it")


@pytest.mark.parametrize("allowed", ["", "npm", "chromium-headless"])
def test_a_missing_server_that_may_not_be_skipped_fails(
    allowed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ELIQ_MAY_SKIP", allowed)
    with pytest.raises(pytest.fail.Exception, match="ELIQ_MAY_SKIP does not name it"):
        lacking("chromium", "install it")
