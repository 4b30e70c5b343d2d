"""Parts as a model: it learns winters from summers, loads without us, and has a gate to pass."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lake.catalog import catalog
from lake.modelling.registry import Registry
from lake.modelling.versions import Judgement, Made
from lake.settings import Settings
from models import disaggregation as taken_apart
from models.backtests.parts import fit, gate, judge, lacking, rows_of
from models.parts.gas import gas
from models.parts.home import Floats, Home, Profile, Steps
from models.parts.model import PARTS, PartsOfHomes, parts_of
from models.parts.periods import by_period
from models.parts.priors import PUBLISHED, Priors
from models.parts.readings import HOME, INPUTS, homes_in, intervals, meters_of
from models.parts.summers import LEAST_HOMES, cold_half, learned
from models.parts_version import MODEL_VERSION, scored_by

ZONE = "Europe/London"
DAYS = 365
START = int(pd.Timestamp("2024-10-01", tz=ZONE).timestamp())
HOUSE = Profile("house_detached", 120, 3, "gas_boiler", 0, "GB")
WHEN = pd.date_range("2024-09-25", periods=DAYS + 12)


def warmth() -> "pd.Series[float]":
    rng = np.random.default_rng(4)
    wave = 10 - 8 * np.cos(2 * np.pi * (WHEN.dayofyear.to_numpy() - 20) / 365)
    return pd.Series(wave + rng.normal(0, 2.5, len(WHEN)), index=WHEN)


def home(
    seed: int = 0, *, water_w: float = 450.0, more_in_the_cold_w: float = 0.0,
    one_hour_in: int = 1,
) -> Home:  # fmt: skip
    """Return a home that heats below 15 degrees with gas; its boiler burns one hour in so many."""
    starts = START + 3600 * np.arange(24 * DAYS, dtype=np.int64)
    local = pd.DatetimeIndex(pd.to_datetime(starts, unit="s", utc=True)).tz_convert(ZONE)
    temperature = warmth()
    today = temperature.reindex(local.tz_localize(None).normalize()).to_numpy()
    rng = np.random.default_rng(seed)
    is_cold = ~local.month.isin([5, 6, 7, 8, 9])
    watts = water_w * rng.gamma(4, 0.25, len(starts)) + 200.0 * np.maximum(15 - today, 0)
    kwh = _in_bursts((watts + more_in_the_cold_w * is_cold) / 1000, one_hour_in)
    used = 0.2 + 0.3 * ((local.hour >= 17) & (local.hour < 22)) * rng.gamma(4, 0.25, len(starts))
    meters = {
        (fuel, "import"): Steps(60, starts, burned, np.ones(len(starts), dtype=bool))
        for fuel, burned in (("elec", used), ("gas", kwh))
    }
    return Home(HOUSE, ZONE, 51.5, 0.0, meters, temperature)


def _in_bursts(kwh: Floats, one_hour_in: int) -> Floats:
    by_block = kwh.reshape(-1, one_hour_in)
    bursts = np.zeros_like(by_block)
    bursts[:, 0] = by_block.sum(axis=1)
    return bursts.ravel()


def heating_share(one: Home) -> float:
    found = gas(one)
    assert found is not None
    parts = found.parts
    return float(parts.kwh[:, parts.categories.index("heating")].sum() / parts.whole_kwh.sum())


def frame(homes: dict[str, Home]) -> pd.DataFrame:
    meters = [meters_of(h).assign(partner_id="p", location_id=i) for i, h in homes.items()]
    return pd.concat(meters, ignore_index=True)


@pytest.fixture(scope="module")
def street() -> pd.DataFrame:
    """Two dozen homes whose hot water differs, and which use more of it when it is cold."""
    rng = np.random.default_rng(3)
    said = {
        f"h{i}": home(i, water_w=450 * float(np.exp(rng.normal(0, 0.3))), more_in_the_cold_w=250)
        for i in range(24)
    }
    return frame(said)


def test_a_boiler_that_burns_in_bursts_is_told_as_one_that_burns_evenly() -> None:
    assert heating_share(home(one_hour_in=6)) == pytest.approx(heating_share(home()), abs=0.02)


def test_rows_of_a_home_are_told_as_the_home_is() -> None:
    one = home()
    told = PartsOfHomes().predict(rows_of([(("p", "h"), one)]))
    assert list(told.columns) == [*HOME, *PARTS]
    wanted = parts_of(one)
    assert told["category"].tolist() == wanted["category"].tolist()
    np.testing.assert_allclose(told["energy_kwh"], wanted["energy_kwh"], rtol=0.02, atol=0.5)
    metered = sum(float(steps.kwh.sum()) for steps in one.meters.values())
    assert told.query("resolution == 'P1M'")["energy_kwh"].sum() == pytest.approx(metered)


def test_homes_that_lack_something_have_no_row_and_the_others_keep_theirs() -> None:
    fine, unsaid = home(), replace(home(), profile=replace(HOUSE, house_type=None))
    rows = rows_of([(("p", "fine"), fine), (("p", "unsaid"), unsaid)])
    assert set(PartsOfHomes().predict(rows)["location_id"]) == {"fine"}
    assert len(PartsOfHomes().predict(rows[rows["location_id"] == "unsaid"])) == 0
    silent = rows.assign(energy_kwh=np.nan)
    assert list(PartsOfHomes().predict(silent).columns) == [*HOME, *PARTS]
    assert list(PartsOfHomes().predict(rows[:0]).columns) == [*HOME, *PARTS]
    one_reading = rows.groupby("location_id").head(1)
    assert len(PartsOfHomes().predict(one_reading)) == 0


def test_what_is_not_known_of_a_home_comes_back_as_not_known() -> None:
    bare = replace(home(), profile=Profile("apartment"))
    ((_, back),) = homes_in(rows_of([(("p", "h"), bare)]))
    assert back.profile == bare.profile
    south = replace(home(), latitude=-35.0)
    months = pd.to_datetime(cold_half(south).meters["gas", "import"].starts, unit="s").month
    assert set(months) & {6, 7} == {6, 7}
    assert not set(months) & {12, 1, 2}


def test_winters_are_believed_as_far_as_the_summers_of_other_homes_bear_them_out() -> None:
    rng = np.random.default_rng(5)
    levels = 450 * np.exp(rng.normal(0, 0.5, 12))
    true = learned(home(i, water_w=w) for i, w in enumerate(levels))
    assert true.homes == 12
    assert true.weight > 0.8
    other = rng.permutation(levels) * 2
    false = learned(
        home(i, water_w=450.0, more_in_the_cold_w=w) for i, w in enumerate(other)
    )  # fmt: skip
    assert false.weight < 0.3
    assert learned(home(i) for i in range(LEAST_HOMES - 1)) == PUBLISHED
    assert learned([]) == PUBLISHED


def test_a_home_that_was_seen_in_the_cold_alone_has_wider_bounds() -> None:
    def width(one: Home, priors: Priors) -> float:
        found = gas(one, priors=priors)
        assert found is not None
        month = by_period(found.parts, "P1M").query("category == 'water_heating'").iloc[2]
        return float(np.log(month["high_kwh"] / month["low_kwh"]))

    one = home()
    seen, hidden = gas(one), gas(cold_half(one))
    assert seen is not None
    assert hidden is not None
    assert (seen.is_summer_seen, hidden.is_summer_seen) == (True, False)
    sure, unsure = Priors(scatter=0.1), Priors(scatter=0.9)
    assert width(cold_half(one), unsure) > 1.5 * width(cold_half(one), sure)
    # A summer needs no other home.
    assert width(one, unsure) == width(one, sure)


@pytest.mark.slow
def test_what_was_learned_is_nearer_to_the_summer_that_it_did_not_see(street: pd.DataFrame) -> None:
    assert lacking(street) == ""
    model = fit(street)
    assert model.priors.homes >= LEAST_HOMES
    judged = judge(model, street)
    figures = judged.figures
    assert figures["off_the_meter"] < 1e-9
    assert figures["least_kwh"] >= 0
    assert figures["winter_points"] < 0.8 * figures["winter_points_of_published"]
    assert figures["halves_points"] < 5
    assert gate(judged, None) == gate(judged, judged) == ""
    assert fit(street) == model
    assert len(lacking(street[:10])) > 0
    assert len(lacking(street[:0])) > 0


def test_a_version_that_is_worse_is_not_promoted() -> None:
    fine = {
        "homes_told": 9.0,
        "off_the_meter": 0.0, "least_kwh": 0.0, "winter_homes": 20.0, "winter_points": 5.0,
        "winter_points_of_published": 8.0, "winter_coverage": 0.8,
    }  # fmt: skip

    def said(champion: float = 5.0, **changed: float) -> str:
        return gate(Judgement(fine | changed), Judgement(fine | {"winter_points": champion}))

    assert said() == ""
    assert said(off_the_meter=1e-3).startswith("parts do not add up")
    assert said(off_the_meter=float("nan")) != ""
    assert said(least_kwh=-0.1).startswith("a part is negative")
    assert said(winter_points=9.0).startswith("worse than what is published")
    assert said(winter_points=float("nan")) != ""
    assert said(winter_coverage=0.5).startswith("bounds hold 50%")
    assert said(3.0).startswith("worse than the champion")
    # Of electricity alone nothing is learned, and sums are all that is asked.
    assert said(winter_homes=0.0, winter_points=float("nan"), winter_coverage=float("nan")) == ""


def test_homes_that_tell_nothing_make_no_champion() -> None:
    flat = home()
    still = {key: replace(of, kwh=np.zeros(len(of.kwh))) for key, of in flat.meters.items()}
    dead = frame({f"h{i}": replace(flat, meters=still) for i in range(20)})
    assert fit(dead) == PartsOfHomes()
    assert gate(judge(PartsOfHomes(), dead), None).startswith("no home that was held out")


@pytest.mark.slow
def test_it_loads_from_the_registry_without_us_and_an_earlier_version_comes_back(
    street: pd.DataFrame, tmp_path: Path
) -> None:
    registry, example = Registry(Settings(lake=str(tmp_path))), taken_apart.example(street)
    assert list(example.columns) == list(INPUTS)
    models = (PartsOfHomes(), PartsOfHomes(Priors(0.1, 0.2, 0.3, 40)))
    for day, model in enumerate(models, start=1):
        made = Made({}, {}, datetime(2025, 10, day, tzinfo=UTC), MODEL_VERSION, {}, {},
                    "A card.", example, taken_apart.REQUIRES)  # fmt: skip
        version = registry.register("disaggregation", model, taken_apart.LOADER, made)
        registry.promote("disaggregation", version)
    champion = registry.champion("disaggregation")
    assert champion is not None
    assert scored_by(champion) == (models[1].priors, "disaggregation/2")
    winter = rows_of([(("p", "h"), cold_half(home()))])
    loaded: Any = champion.load()
    assert loaded.metadata.signature is not None
    pd.testing.assert_frame_equal(loaded.predict(winter), models[1].predict(winter))
    back = registry.rollback("disaggregation")
    assert scored_by(back) == (PUBLISHED, "disaggregation/1")


def test_without_a_champion_of_these_rules_what_is_published_tells_and_is_named(
    tmp_path: Path,
) -> None:
    published = (PUBLISHED, "disaggregation/published-4")
    assert scored_by(None) == published
    assert scored_by(Registry(Settings(lake=str(tmp_path))).champion("x")) == published
    files = PUBLISHED.dumps()
    assert PartsOfHomes.loads(files) == PartsOfHomes()
    older = {name: text.replace(b'"format": 1', b'"format": 0') for name, text in files.items()}
    with pytest.raises(TypeError, match="another version"):
        PartsOfHomes.loads(older)


def test_parts_and_assets_are_told_by_one_champion() -> None:
    models = {
        name: catalog().node(f"models.{name}").model for name in ("disaggregation", "home_assets")
    }
    assert models == {"disaggregation": "disaggregation", "home_assets": "disaggregation"}


def test_intervals_of_meters_are_those_of_the_home() -> None:
    one = home()
    rows = intervals(frame({"h": one}))
    assert len(rows) == sum(len(steps.starts) for steps in one.meters.values())
    said_in_utc = rows.assign(starts_at=rows["starts_at"].dt.tz_localize("UTC"))
    pd.testing.assert_frame_equal(PartsOfHomes().predict(rows), PartsOfHomes().predict(said_in_utc))
