"""The dashboard in a real Chromium, from a real server."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from deltalake import DeltaTable
from playwright.sync_api import Browser, Page, expect, sync_playwright

from infra.lacking import lacking
from lake.settings import Settings
from serving.commands import token

pytestmark = pytest.mark.browser
# A busy machine takes its time; a page that is wrong stays wrong.
expect.set_options(timeout=30_000)
CASTLE = "/?home=northgrid/castle&fuel=elec&direction=import"
OCTOBER = CASTLE + "&by=P1D&at=2025-10-26"
NEWEST_HOURS = CASTLE + "&by=PT1H&at=2025-11-01"


@pytest.fixture(scope="session")
def address(lake: Path) -> Iterator[str]:
    """A server of the small lake, on a free port."""
    server = subprocess.Popen(
        [sys.executable, "-c", "from serving.commands import serve; serve(port=0)"],
        env=os.environ | {"ELIQ_LAKE": str(lake)}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().split()[5]
        finally:
            server.terminate()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        lacking("chromium", "on Debian: apt-get install chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield started
        started.close()


class Watched:
    """A page of the server, and what it did that it should not."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address = page, address
        self.wrong: list[str] = []
        page.on("console", lambda m: self.wrong.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda e: self.wrong.append(str(e)))
        page.on("request", lambda r: self.foreign(r.url))

    def foreign(self, url: str) -> None:
        if not url.startswith(self.address + "/"):
            self.wrong.append(f"asked {url}")

    def open(self, path: str) -> None:
        self.page.goto(self.address + path)
        expect(self.page.locator("#chart svg")).to_be_visible()
        self.settle()

    def settle(self) -> None:
        """Wait until what was asked last is drawn: a key pressed before points at what goes."""
        expect(self.page.locator("body.busy")).to_have_count(0)

    def drawn(self) -> dict[str, float]:
        """Return kWh by the day or hour at which a bar starts."""
        bars = self.page.locator("#chart [data-kwh]")
        pairs = bars.evaluate_all("all => all.map(b => [b.dataset.at, Number(b.dataset.kwh)])")
        return dict(pairs)

    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.page.url).query)


@pytest.fixture
def watched(browser: Browser, address: str) -> Iterator[Watched]:
    context = browser.new_context(
        viewport={"width": 1200, "height": 900}, locale="en-GB", timezone_id="America/New_York"
    )
    seen = Watched(context.new_page(), address)
    yield seen
    context.close()
    assert seen.wrong == []


def test_the_bars_are_the_lakes_numbers(watched: Watched, lake: Path) -> None:
    watched.open(OCTOBER)
    stored = {
        row["local_date"].isoformat(): row["energy_kwh"]
        for row in DeltaTable(str(lake / "gold/energy_daily")).to_pyarrow_table().to_pylist()
        if row["location_id"] == "castle" and row["local_date"].month == 10
    }
    assert {at[:10]: kwh for at, kwh in watched.drawn().items()} == stored
    total = watched.page.locator("#figure-total").inner_text()
    assert total == f"{sum(stored.values()):,.2f} kWh"
    expect(watched.page.locator("#figure-cost")).to_contain_text("DKK")
    expect(watched.page.locator("#figure-until")).to_contain_text("02 Nov 00:00")
    bars = watched.page.locator("#chart .bar")
    heights = bars.evaluate_all("all => all.map(b => b.getBBox().height)")
    ratio = max(heights) / max(stored.values())
    assert heights == pytest.approx([kwh * ratio for kwh in stored.values()], rel=1e-3)


def test_a_gap_is_drawn_as_a_gap_and_never_as_zero(watched: Watched) -> None:
    watched.open(OCTOBER)
    assert "2025-10-28" not in {at[:10] for at in watched.drawn()}
    row = watched.page.locator("#table tbody tr").nth(27).locator("td")
    assert row.nth(0).text_content() == ""
    assert row.nth(1).text_content() == "0"


def test_the_day_of_25_hours_has_25_bars(watched: Watched) -> None:
    watched.open(CASTLE + "&by=PT1H&at=2025-10-26")
    assert len([at for at in watched.drawn() if at.startswith("2025-10-26")]) == 25


def test_the_forecast_follows_the_last_reading(watched: Watched) -> None:
    watched.open(NEWEST_HOURS)
    expect(watched.page.locator("#chart .median")).to_have_count(1)
    expect(watched.page.locator("#note")).to_contain_text("Forecast issued 02 Nov 00:00")
    watched.page.locator("#chart").focus()
    watched.page.keyboard.press("End")
    expect(watched.page.locator("#tip")).to_contain_text("80 %")
    expect(watched.page.locator("#tip")).to_contain_text("not yet measured")


def test_the_keyboard_does_it_all(watched: Watched) -> None:
    watched.open(OCTOBER)
    page = watched.page
    wide = page.locator("#chart svg").get_attribute("viewBox") or ""
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#period")).to_have_text("September 2025")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#period")).to_have_text("October 2025")
    watched.settle()
    page.locator("#chart").focus()
    page.keyboard.press("End")
    page.set_viewport_size({"width": 1000, "height": 900})
    expect(page.locator("#chart svg")).not_to_have_attribute("viewBox", wide)
    expect(page.locator("#tip")).to_contain_text("31 Oct")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#spoken")).to_contain_text("30 Oct")
    expect(page.locator("#spoken")).to_contain_text("100 % estimated")
    page.keyboard.press("Escape")
    expect(page.locator("#tip")).to_be_hidden()
    page.locator("#scale input:checked").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#period")).to_have_text("2025")
    assert watched.query()["by"] == ["P1M"]


def test_several_homes_are_lines_and_simulated_ones_say_so(watched: Watched) -> None:
    watched.open(OCTOBER)
    watched.page.locator("#search").fill("SIM")
    watched.page.get_by_role("checkbox", name="sim-1").check()
    expect(watched.page.locator("#chart .line")).to_have_count(2)
    expect(watched.page.locator("#legend")).to_contain_text("simulated home")
    expect(watched.page.locator("#credit")).to_contain_text("standard profiles")
    assert watched.query()["home"] == ["northgrid/castle", "northgrid/sim-1"]


def test_a_home_without_data_says_so(watched: Watched) -> None:
    watched.open("/?home=northgrid/it's new&direction=import&by=P1D&at=2025-10-26")
    expect(watched.page.locator("#note")).to_contain_text("no readings in this period")


def test_the_portfolio_says_what_it_withholds(watched: Watched) -> None:
    watched.open(OCTOBER)
    section = watched.page.locator("#portfolio")
    expect(section.get_by_role("heading")).to_have_text("All homes of northgrid")
    section.get_by_label("by", exact=True).select_option("house_type")
    houses = section.get_by_role("row", name="house detached")
    expect(houses).to_contain_text("400")
    expect(houses).to_contain_text("-10 %")
    bars = houses.locator(".bar").evaluate_all("all => all.map(b => Number(b.dataset.value))")
    assert bars == [300, 400]
    expect(section.get_by_role("row", name="apartment")).to_contain_text("withheld: too few homes")
    expect(section).to_contain_text("fewer than 10 homes")
    expect(section).not_to_contain_text("holiday")


def test_what_is_late_odd_or_broken_is_seen(watched: Watched) -> None:
    watched.open(OCTOBER)
    section = watched.page.locator("#quality")
    landing = section.get_by_role("row", name="meter readings (files)")
    expect(landing).to_contain_text("late: silent 4.2 d, usually 24 h")
    expect(landing).to_contain_text("low on 2025-10-26")
    bars = landing.locator(".bar").evaluate_all("all => all.map(b => Number(b.dataset.value))")
    assert bars == [100, 12]
    expect(section.get_by_role("row", name="meter readings (events)")).to_contain_text("fresh")
    rule = section.locator("#quality-rules").get_by_role("row", name="negative")
    expect(rule).to_contain_text("quarantined")
    # Waiting, released, mended, dropped, replayed.
    refused = section.locator("#quality-errors").get_by_role("row", name="negative").locator("td")
    expect(refused).to_contain_text(["meter readings", "2", "0", "2", "1", "0", "2025-11-02"])
    gate = section.get_by_role("row", name="gold.energy_daily")
    expect(gate).to_contain_text("peak_within_period: 2 of 40 rows, warning")
    failed = gate.locator(".bar").evaluate_all("all => all.map(b => Number(b.dataset.value))")
    assert failed == [5, 2]
    expect(section).not_to_contain_text("spoilt")


def test_how_true_the_forecasts_were_is_seen_over_time(watched: Watched) -> None:
    watched.open(OCTOBER)
    section = watched.page.locator("#forecasts")
    row = section.get_by_role("row", name="A day ahead")
    expect(row).to_contain_text("drift: coverage")
    expect(row.locator("td")).to_contain_text(["1", "", "65 %", "50 %", "", "0.8", "3", "drift"])
    drawn = row.locator(".bar").evaluate_all("all => all.map(b => Number(b.dataset.value))")
    assert drawn == [72, 65, 0.8, 0.8]
    expect(section).not_to_contain_text("3 to 7 days")


def test_a_partner_sees_its_own_quality_and_no_checks_of_all(
    browser: Browser, address: str, settings: Settings
) -> None:
    page = browser.new_page()
    page.route("**/session", lambda route: route.fulfill(json={"token": None}))
    page.goto(address + OCTOBER)
    page.get_by_label("Access token").fill(token("northgrid", settings=settings))
    page.get_by_role("button", name="Open").click()
    section = page.locator("#quality")
    rule = section.locator("#quality-rules").get_by_role("row", name="negative")
    expect(rule).to_contain_text("quarantined")
    expect(section.locator("#quality-gates")).to_be_hidden()
    expect(page.locator("#token-form")).to_be_hidden()
    page.close()


@pytest.mark.parametrize("path", [OCTOBER, NEWEST_HOURS, CASTLE + "&by=P1M&at=2025-10-01"])
def test_a_phone_needs_no_sideways_scroll(watched: Watched, path: str) -> None:
    watched.page.set_viewport_size({"width": 320, "height": 700})
    watched.open(path)
    wide = "document.documentElement.scrollWidth"
    assert watched.page.evaluate(wide) == 320
    watched.page.locator("summary").click()
    assert watched.page.evaluate(wide) == 320
