"""Optuna's study with a callback: one run for all trials, then a run each."""

import sys

import optuna

if sys.argv[1] == "runstore":
    import runstore as wandb
    from runstore.integrations.optuna import RunstoreCallback as Callback

    one = Callback("loss", project="one")
    each = Callback("loss", project="each", as_multirun=True, tags=["search"])
    track = each.track
else:
    import wandb
    from optuna_integration.wandb import WeightsAndBiasesCallback as Callback

    one = Callback("loss", wandb_kwargs={"project": "one"})


def loss(trial):
    x = trial.suggest_float("x", -1, 1)
    if wandb.run is not None:
        wandb.log({"half": x / 2}, commit=False)
    return x**2


optuna.logging.disable_default_handler()
optuna.create_study(sampler=optuna.samplers.RandomSampler(0)).optimize(loss, n_trials=3, callbacks=[one])
wandb.finish()
if sys.argv[1] != "runstore":
    each = Callback("loss", wandb_kwargs={"project": "each", "tags": ["search"]}, as_multirun=True)
    track = each.track_in_wandb()
study = optuna.create_study(study_name="line", sampler=optuna.samplers.RandomSampler(0))
study.optimize(track(loss), n_trials=3, callbacks=[each])
