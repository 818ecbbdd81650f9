"""A run that makes a data set, and one that trains on it and logs its model."""

import json
import os

import wandb
from wandb.sdk.data_types.table import Table

with wandb.init(project="artifacts", job_type="preprocess", entity="team") as run:
    os.makedirs("data", exist_ok=True)
    for split in ("train", "test"):
        with open(f"data/{split}.json", "w") as file:
            json.dump(list(range(10)), file)
    name = wandb.util.make_artifact_name_safe("my data/set")
    data = wandb.Artifact(name=name, type="dataset", description="ten numbers", metadata={"rows": 10})
    data.add_dir("data")
    with data.new_file("readme.txt", mode="w") as file:
        file.write("numbers")
    data.add(Table(columns=["split", "rows"], data=[["train", 10], ["test", 10]]), "overview")
    logged = run.log_artifact(data, aliases=["latest", "raw"])
    logged.wait()
    print("logged", logged.name, logged.version)

with wandb.init(project="artifacts", job_type="train") as run:
    used = run.use_artifact("my_data_set:raw", type="dataset")
    folder = used.download()
    with open(os.path.join(folder, "train.json")) as file:
        rows = json.load(file)
    assert used.metadata["rows"] == len(rows)
    assert used.get("overview").data == [["train", 10], ["test", 10]]
    used.verify(folder)
    with open("model.pt", "wb") as file:
        file.write(bytes(rows))
    model = wandb.Artifact("model", "model")
    model.add_file("model.pt", name="weights.pt")
    run.log_artifact(model, aliases=["best"])
    model.wait()
    assert [each.name for each in used.used_by()] == [run.name]
    run.log_model("model.pt", name="second")

api = wandb.Api()
model = api.artifact("artifacts/model:best")
assert model.logged_by().job_type == "train"
assert model.get_path("weights.pt").download()
