"""The frame holds together: contracts, catalogue, jobs.yml, dictionary."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from databricks.bundles.jobs import Job as BundleJob
from databricks.bundles.schemas import Schema
from databricks.bundles.volumes import Volume
from databricks.sdk.service.jobs import JobSettings

from lake.catalog import UnknownTable, catalog
from lake.contract import Append, Column, Table
from lake.documents.dictionary import dictionary
from lake.feature_store.tables import USER
from lake.jobs import BadJob, Job, Task, joined, load, part
from lake.settings import Settings
from lake.streaming import streamed
from lake.work import BadArguments, clock_of

JOBS = Path("jobs.yml")


def test_the_dictionary_is_what_the_contracts_say() -> None:
    assert Path("docs/dictionary.md").read_text() == dictionary(catalog().tables.values())


def test_every_table_has_a_function_or_is_written_with_one() -> None:
    for name, table in catalog().tables.items():
        node = catalog().node(name)
        assert (node.module is None) == bool(table.written_with)
        if node.module:
            assert callable(node.function)


def test_an_unknown_table_is_named_with_its_neighbour() -> None:
    with pytest.raises(UnknownTable, match=r"did you mean gold\.energy_daily"):
        catalog()["silver.energy_daily"]


def test_a_contract_refuses_a_key_that_is_no_column() -> None:
    column = Column(name="a", type="string", meaning="A.")
    with pytest.raises(TypeError, match="key b"):
        Table(name="x.y", row="a row", columns=(column,), key=("b",), update=Append())


def test_depends_on_is_the_lineage_of_the_signatures() -> None:
    job = load(JOBS, "daily", {})
    by_table = {t.arguments[1]: t for t in job.tasks if t.arguments[0] == "run"}
    lineage = catalog().lineage()
    gated = {t.arguments[1] for t in job.tasks if t.arguments[0] == "check"}
    assert gated == {"silver", "gold", "features"}
    assert set(by_table) == set(lineage)
    for table, task in by_table.items():
        assert task.key == table.replace(".", "_")
        made_of = {s.replace(".", "_") for s in lineage[table]}
        # An earlier layer is read when its gate has held back what breaks its contract.
        layers = {s.split(".")[0] for s in lineage[table]} - {table.split(".")[0], "bronze"}
        gates = {f"{layer}_quality" for layer in layers & gated}
        assert set(task.depends_on) == made_of | gates


def test_a_part_of_a_job_waits_for_no_task_that_is_left_out() -> None:
    gold = part(load(JOBS, "daily", {}), lambda task: task.key.startswith("gold_"))
    waits = {task.key: task.depends_on for task in gold.tasks}
    assert waits["gold_energy_daily"] == ("gold_energy_hourly",)
    assert waits["gold_data_quality_daily"] == ("gold_energy_daily",)


def test_a_workspace_installs_what_the_extras_hold() -> None:
    jobs = yaml.safe_load(JOBS.read_text())["resources"]["jobs"]
    extras = tomllib.loads(Path("pyproject.toml").read_text())["project"]["optional-dependencies"]
    # The runtime brings Spark and Delta, and the SDK.
    held = [one for name in ("models", "quality", "sources", "azure") for one in extras[name]]
    wanted = [{"whl": "./dist/*.whl"}, *({"pypi": {"package": one}} for one in held)]
    for job in jobs.values():
        for task in job["tasks"]:
            assert sorted(task["libraries"], key=str) == sorted(wanted, key=str)


def test_each_task_has_a_cluster_of_its_job_that_is_told_the_lake() -> None:
    for job in yaml.safe_load(JOBS.read_text())["resources"]["jobs"].values():
        clusters = {one["job_cluster_key"]: one["new_cluster"] for one in job["job_clusters"]}
        assert {task["job_cluster_key"] for task in job["tasks"]} == set(clusters)
        for cluster in clusters.values():
            assert cluster["data_security_mode"] == "SINGLE_USER"
            told = {name.removeprefix("ELIQ_").lower() for name in cluster["spark_env_vars"]}
            assert told == {"lake", "catalog", "landing", "secret_scope"}
            assert told <= set(Settings.model_fields)


def test_a_bundle_makes_the_schema_of_each_layer_and_the_volume_where_files_land() -> None:
    made = yaml.safe_load(Path("schemas.yml").read_text())["resources"]
    schemas = {key: Schema.from_dict(raw) for key, raw in made["schemas"].items()}
    layers = {table.layer for table in catalog().tables.values()}
    assert set(schemas) == layers | {USER, "models"}
    assert all(schema.name == key for key, schema in schemas.items())
    (volume,) = (Volume.from_dict(raw) for raw in made["volumes"].values())
    assert f"bronze/{volume.name}" in JOBS.read_text()


def test_each_variable_of_the_bundle_is_declared_and_used() -> None:
    files = [Path(name).read_text() for name in ("databricks.yml", "jobs.yml", "schemas.yml")]
    declared = yaml.safe_load(files[0])["variables"]
    assert set(re.findall(r"\$\{var\.(\w+)\}", "".join(files))) == set(declared)


def test_a_quality_gate_waits_for_all_tables_of_its_layer() -> None:
    for task in load(JOBS, "daily", {}).tasks:
        if task.arguments[0] == "check":
            layer = task.arguments[1]
            made = {t.replace(".", "_") for t in catalog().lineage() if t.startswith(layer + ".")}
            assert set(task.depends_on) == made


def test_a_stream_runs_tables_alone_and_no_gate_that_they_wait_for() -> None:
    tasks = streamed(load(JOBS, "daily", {})).tasks
    assert {task.arguments[0] for task in tasks} == {"run"}
    waits = {task.key: task.depends_on for task in tasks}
    assert "silver_energy_in_context" in waits["gold_energy_quarter_hourly"]
    assert {key for keys in waits.values() for key in keys} <= waits.keys()


def test_what_a_gate_holds_back_stops_no_table_and_fails_the_job() -> None:
    tasks = {task.key: task for task in load(JOBS, "daily", {"day": "2018-03-01"}).tasks}
    gates = {task.key for task in tasks.values() if task.arguments[0] == "check"}
    assert {tasks[key].arguments[2] for key in gates} == {"--go-on"}
    assert set(tasks["quality"].depends_on) == gates
    assert tasks["quality"].arguments == ("quality", "--alert", "--day", "2018-03-01")


@pytest.mark.parametrize("name", yaml.safe_load(JOBS.read_text())["resources"]["jobs"])
def test_databricks_takes_the_jobs(name: str) -> None:
    raw = yaml.safe_load(JOBS.read_text())["resources"]["jobs"][name]
    tasks: Any = BundleJob.from_dict(raw).tasks
    assert len(tasks) == len(raw["tasks"])
    settings = JobSettings.from_dict(raw)
    assert [t.task_key for t in settings.tasks or []] == [t["task_key"] for t in raw["tasks"]]


def test_an_unknown_key_in_a_job_is_refused_by_databricks() -> None:
    raw = yaml.safe_load(JOBS.read_text())["resources"]["jobs"]["daily"]
    wrong: Any = {**raw, "max_retry": 3}
    with pytest.raises(Exception, match="max_retry"):
        BundleJob.from_dict(wrong)


def test_the_dependents_of_a_failed_task_are_skipped_and_the_others_run() -> None:
    def task(key: str, *before: str, retries: int = 0) -> Task:
        return Task(key, (key,), before, retries, 0)

    tried: list[str] = []

    def work(task: Task) -> str:
        tried.append(task.key)
        if task.key == "b":
            raise RuntimeError("b broke")
        return task.key

    job = Job("j", (task("a"), task("b", "a", retries=2), task("c", "b"), task("d", "a")))
    states = {o.task.key: o.state for o in job.run(work)}
    assert states == {"a": "succeeded", "b": "failed", "c": "skipped", "d": "succeeded"}
    assert tried.count("b") == 3


def test_the_longest_chain_goes_first() -> None:
    def task(key: str, *before: str) -> Task:
        return Task(key, (key,), before, 0, 0)

    started: list[str] = []
    short = [task(key) for key in "abcd"]
    chain = [task("z", "y"), task("y", "x"), task("x")]
    Job("j", (*short, *chain)).run(lambda task: task, started=lambda task: started.append(task.key))
    assert started[0] == "x"
    assert started[-1] in {"z", "d"}


def test_two_jobs_in_one_do_what_both_do_once_and_in_order() -> None:
    daily, train = (load(JOBS, name, {"day": "2018-03-01"}) for name in ("daily", "train"))
    both = {task.key: task for task in joined(daily, train).tasks}
    assert set(both) == {task.key for task in (*daily.tasks, *train.tasks)}
    assert "features_hourly_load_profile" in both["train_load_forecasts"].depends_on
    assert "train_load_forecasts" in both["models_load_forecasts"].depends_on
    # The days to come are told after the hours, and learned beside them.
    assert "models_load_forecasts" in both["models_load_outlooks"].depends_on
    assert "models_load_forecasts" not in both["train_load_outlooks"].depends_on
    ended: list[str] = []
    joined(daily, train).run(lambda task: task, ended=lambda o: ended.append(o.task.key))
    assert sorted(ended) == sorted(both)
    for task in daily.tasks:
        assert all(ended.index(key) < ended.index(task.key) for key in task.depends_on)


def test_a_job_that_goes_in_a_circle_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "jobs.yml"
    wheel = {"python_wheel_task": {"parameters": ["run", "x"]}}
    tasks = [
        {"task_key": "a", "depends_on": [{"task_key": "b"}], **wheel},
        {"task_key": "b", "depends_on": [{"task_key": "a"}], **wheel},
    ]
    file.write_text(yaml.safe_dump({"resources": {"jobs": {"j": {"tasks": tasks}}}}))
    with pytest.raises(BadJob, match="a, b"):
        load(file, "j", {})


def test_a_day_is_its_noon_and_no_day_is_one_clear_error() -> None:
    assert clock_of("2018-03-01").isoformat() == "2018-03-01T12:00:00+00:00"
    with pytest.raises(BadArguments, match="2018-13-01 is not a day"):
        clock_of("2018-13-01")
