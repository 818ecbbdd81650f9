"""Writes a store with MLflow's own package: `write_mlflow.py URI [more | old REVISION]`."""

import math
import sys
from pathlib import Path

import mlflow
import numpy
import pandas
from PIL import Image


class Echo(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input: list[str]) -> list[str]:
        return model_input


def everything() -> None:
    mlflow.set_experiment("digits")
    with mlflow.start_run(
        run_name="first", tags={"stage": "trial", "long": "x" * 200}, description="some notes"
    ) as run:
        mlflow.log_params({"lr": 1e-05, "layers": 3, "flag": True, "text": "007", "none": None, "deep/er": "1.50"})
        for step in range(100):
            mlflow.log_metric("loss", 1 / (step + 1), step=step, timestamp=1_700_000_000_000 + step)
            mlflow.log_metric("val/accuracy", step / 7, step=step, timestamp=1_700_000_000_500 + step)
        mlflow.log_metric("twice", 1.0, step=5, timestamp=1_700_000_000_001)
        mlflow.log_metric("twice", 2.0, step=5, timestamp=1_700_000_000_002)
        mlflow.log_metric("bad", math.nan, step=1)
        mlflow.log_metric("high", math.inf, step=1)
        mlflow.log_metric("low", -math.inf, step=1)
        mlflow.log_metric("system/cpu_utilization_percentage", 12.5, step=0, timestamp=1_700_000_001_000)
        mlflow.log_metric("system/gpu_0_power_usage_watts", 80.0, step=0, timestamp=1_700_000_001_000)
        mlflow.log_image(Image.fromarray(numpy.zeros((4, 6, 3), numpy.uint8)), key="shown/one", step=7)
        mlflow.log_text("plain", "notes/a.txt")
        mlflow.log_table({"word": ["a", "b"], "count": [1, 2]}, "said.json")
        frame = pandas.DataFrame({"a": [1]})
        mlflow.log_input(
            mlflow.data.from_pandas(frame, source="https://example.org/a.csv", name="rows"), context="train"
        )
        folder = Path("made")
        folder.mkdir(exist_ok=True)
        (folder / "MLmodel").write_text("flavors: {}\n")
        (folder / "weights.bin").write_bytes(b"weights")
        mlflow.log_artifacts(str(folder), "old-model")
        mlflow.pyfunc.log_model(name="echo", python_model=Echo())
        with mlflow.start_run(run_name="child", nested=True), mlflow.start_run(run_name="grandchild", nested=True):
            mlflow.log_metric("m", 1.0)
    print(run.info.run_id)
    try:
        with mlflow.start_run(run_name="failed"):
            raise KeyError("on purpose")
    except KeyError:
        pass
    mlflow.start_run(run_name="killed")
    mlflow.end_run("KILLED")
    mlflow.start_run(run_name="open")
    mlflow.end_run("RUNNING")
    with mlflow.start_run(run_name="gone") as gone:
        mlflow.log_metric("m", 1.0)
    mlflow.delete_run(gone.info.run_id)
    far = mlflow.create_experiment("far", artifact_location="s3://bucket/far")
    with mlflow.start_run(run_name="distant", experiment_id=far):
        mlflow.log_param("a", 1)


def more() -> None:
    client = mlflow.MlflowClient()
    [run] = client.search_runs([client.get_experiment_by_name("digits").experiment_id], "attributes.run_name = 'first'")
    client.log_metric(run.info.run_id, "loss", 0.001, step=100)


def old(uri: str, revision: str) -> None:
    """An empty database as the version of MLflow with this revision of the schema made it."""
    import sqlalchemy
    from alembic import command
    from mlflow.store.db import utils
    from mlflow.store.db.base_sql_model import Base  # noqa: F401 - its tables
    from mlflow.store.tracking.dbmodels.initial_models import Base as Initial

    engine = sqlalchemy.create_engine(uri)
    Initial.metadata.create_all(engine)
    config = utils._get_alembic_config(uri)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


uri, *rest = sys.argv[1:]
if rest[:1] == ["old"]:
    old(uri, rest[1])
else:
    mlflow.set_tracking_uri(uri)
    more() if rest else everything()
