"""A model's module + the tables it learns from -> a judged version, champion if the gate lets it.

What the module has is in models/README.md; this file knows tables, versions and the registry, and
no energy.
"""

import inspect
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import ModuleType

import pandas as pd

from lake.errors import LakeError
from lake.modelling.registry import Registry
from lake.modelling.tuning import Trial, told, tune
from lake.modelling.versions import MADE_OF, Judgement, Made, made_from
from lake.running import Runner
from lake.store import of_their_contract


class NoModel(LakeError):
    """A table that no model makes was asked to be trained."""

    code = "no-model"


@dataclass(frozen=True)
class TrainingReport:
    """What a training came to; ``note`` says why nothing was registered or promoted."""

    name: str
    seconds: float
    rows: int = 0
    version: str = ""
    is_promoted: bool = False
    figures: Mapping[str, float] = field(default_factory=dict)
    champion_figures: Mapping[str, float] = field(default_factory=dict)
    note: str = ""
    headline: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Say it in a line: version, whether it is the champion, the module's headline figures."""
        if not self.version:
            return self.note
        role = "is the champion" if self.is_promoted else f"was not promoted: {self.note}"
        figures = ", ".join(f"{n} {self.figures[n]:.3f}" for n in self.headline)
        return f"version {self.version} {role}; {figures}"


def train(runner: Runner, name: str, *, again: bool = False, trials: int = 0) -> TrainingReport:
    """Train, judge, register and, if the gate passes, promote the model of a table.

    ``name`` is the table's or its noun (load_forecasts). Nothing is done where the newest version
    was made of the same table versions on the same day, unless ``again``, or ``trials`` of other
    parameters are asked for. Without them the champion's parameters are used once more. NoModel;
    NoRegistry; NothingToTune.
    """
    started = time.monotonic()
    catalog, store, clock = runner.catalog, runner.store, runner.clock
    table = catalog[name if "." in name else catalog.resolve(name, seen_from="")]
    module = catalog.node(table.name).module
    if module is None or not hasattr(module, "training"):
        raise NoModel(f"{table.name} has no model", cure="train a table whose file has training()")
    registry = Registry(runner.settings)
    sources = {p: catalog.resolve(p, seen_from=table.layer) for p in _tables(module)}
    inputs = {source: store.version(catalog[source]) for source in sources.values()}
    rule = int(module.MODEL_VERSION)

    def report(note: str = "") -> TrainingReport:
        return TrainingReport(table.name, time.monotonic() - started, note=note)

    if not (again or trials) and registry.last(table.noun).get(MADE_OF) == made_from(
        inputs, clock, rule
    ):
        return report("nothing new")
    frames = {p: store.read(catalog[t], version=inputs[t]) for p, t in sources.items()}
    with of_their_contract(store, [catalog[t] for t in inputs]):
        # Through Arrow, and bounded: the module's training() samples.
        frame: pd.DataFrame = module.training(**frames, clock=clock).toArrow().to_pandas()
    if missing := module.lacking(frame):
        return report(missing)
    champion = registry.champion(table.noun, known_at=clock)
    # A champion of another rule looks at other columns, so the two cannot be compared.
    champion = champion if champion and champion.rule_version == rule else None
    now = champion.parameters if champion else {}
    tried = tune(module, frame, trials=trials, now=now) if trials else ()
    parameters = tried[0].parameters if tried else now
    model = module.fit(frame, parameters=parameters) if parameters else module.fit(frame)
    judged: Judgement = module.judge(model, frame)
    present = module.judge(champion.load(), frame) if champion else None
    refused: str = module.gate(judged, present)
    made = Made(
        inputs=inputs,
        addresses={t: store.path(catalog[t]) for t in inputs},
        clock=clock,
        rule_version=rule,
        figures=judged.figures,
        params={"rows": len(frame), **module.PARAMETERS, **parameters},
        parameters=parameters,
        trials=tried,
        card=_card(table.name, module, inputs, clock, judged, refused, tried),
        example=module.example(frame),
        requires=module.REQUIRES,
    )
    version = registry.register(table.noun, model, module.LOADER, made)
    if not refused:
        registry.promote(table.noun, version)
    return TrainingReport(
        table.name,
        time.monotonic() - started,
        len(frame),
        version,
        not refused,
        judged.figures,
        present.figures if present else {},
        refused,
        module.HEADLINE,
    )


def _tables(module: ModuleType) -> list[str]:
    parameters = inspect.signature(module.training).parameters.values()
    return [p.name for p in parameters if p.kind is not p.KEYWORD_ONLY]


def _card(
    name: str,
    module: ModuleType,
    inputs: Mapping[str, int],
    clock: datetime,
    judged: Judgement,
    refused: str,
    tried: Sequence[Trial],
) -> str:
    """Return the model card (Mitchell et al. 2019, "Model cards for model reporting")."""
    what = inspect.cleandoc(module.CARD)
    tables = "\n".join(f"- `{t}` at version {v}" for t, v in inputs.items())
    figures = "\n".join(f"| {n} | {f:.4g} |" for n, f in judged.figures.items())
    gate = f"refused: {refused}" if refused else "passed"
    return (
        f"# {name}\n\n{what}\n\n## Learned from\n\n"
        f"What was known at {clock:%Y-%m-%d %H:%M} UTC:\n\n"
        f"{tables}\n\n{told(tried)}"
        "## Judged on the last part of the time, which it had not seen\n\n"
        f"| figure | |\n|---|---|\n{figures}\n\nGate: {gate}.\n"
    )
