"""A tiny regression with XGBoost: the estimator and cross-validation."""

import numpy
import wandb
import xgboost
from wandb.xgboost import WandbCallback

random = numpy.random.default_rng(0)
inputs = random.normal(size=(200, 4))
target = inputs[:, 0] * 2 + random.normal(size=200) / 10

with wandb.init(project="fit", config={"depth": 2}) as run:
    model = xgboost.XGBRegressor(
        n_estimators=12, max_depth=2, early_stopping_rounds=5, callbacks=[WandbCallback(log_model=True)], n_jobs=1
    )
    model.fit(inputs[:150], target[:150], eval_set=[(inputs[150:], target[150:])], verbose=False)

with wandb.init(project="cv") as run:
    xgboost.cv({"max_depth": 2, "nthread": 1}, xgboost.DMatrix(inputs, target), 3, nfold=3, callbacks=[WandbCallback()])
