"""A tiny regression with LightGBM: training and cross-validation."""

import lightgbm
import numpy
import wandb
from wandb.lightgbm import log_summary, wandb_callback

random = numpy.random.default_rng(0)
inputs = random.normal(size=(200, 4))
target = inputs[:, 0] * 2 + random.normal(size=200) / 10
params = {"objective": "regression", "metric": "rmse", "num_leaves": 4, "verbose": -1, "num_threads": 1}

with wandb.init(project="fit") as run:
    train = lightgbm.Dataset(inputs[:150], target[:150])
    valid = lightgbm.Dataset(inputs[150:], target[150:], reference=train)
    callbacks = [wandb_callback(), lightgbm.early_stopping(5, verbose=False)]
    booster = lightgbm.train(params, train, 12, valid_sets=[valid], valid_names=["validation"], callbacks=callbacks)
    log_summary(booster, save_model_checkpoint=True)

with wandb.init(project="cv") as run:
    data = lightgbm.Dataset(inputs, target)
    lightgbm.cv(params, data, 3, nfold=3, stratified=False, callbacks=[wandb_callback()])
