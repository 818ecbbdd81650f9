"""fastai on a table of two columns, with its own callback of W&B or with ours."""

import sys

import numpy
import pandas
from fastai.tabular.all import (
    Categorify,
    CategoryBlock,
    Normalize,
    TabularDataLoaders,
    accuracy,
    tabular_learner,
)

rows = pandas.DataFrame({"x": numpy.arange(32.0), "kind": ["a", "b"] * 16, "label": ["no", "yes"] * 16})
loaders = TabularDataLoaders.from_df(
    rows,
    procs=[Categorify, Normalize],
    cat_names=["kind"],
    cont_names=["x"],
    y_names="label",
    y_block=CategoryBlock(),
    valid_idx=list(range(8)),
    bs=8,
)
if sys.argv[1] == "runstore":
    import runstore as wandb
    from runstore.integrations.fastai import RunstoreCallback

    logger = RunstoreCallback(project="fastai", log_model=True, watch="all")
else:
    import wandb
    from fastai.callback.wandb import WandbCallback

    wandb.init(project="fastai")
    logger = WandbCallback(log="all", log_model=True, model_name="line")
learner = tabular_learner(loaders, layers=[4], metrics=accuracy, cbs=logger)
with learner.no_bar(), learner.no_logging():
    learner.fit(2)
    learner.get_preds()
wandb.finish()
