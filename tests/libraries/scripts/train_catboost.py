"""A tiny regression with CatBoost."""

import numpy
import wandb
from catboost import CatBoostRegressor
from wandb.catboost import WandbCallback, log_summary

random = numpy.random.default_rng(0)
inputs = random.normal(size=(200, 4))
target = inputs[:, 0] * 2 + random.normal(size=200) / 10

with wandb.init(project="fit") as run:
    model = CatBoostRegressor(iterations=10, depth=2, metric_period=3, verbose=False, thread_count=1, train_dir="cb")
    valid = (inputs[150:], target[150:])
    model.fit(inputs[:150], target[:150], eval_set=valid, callbacks=[WandbCallback(metric_period=3)])
    log_summary(model, save_model_checkpoint=True)
