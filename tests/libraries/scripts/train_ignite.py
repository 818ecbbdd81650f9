"""Ignite's engine with a logger's handlers: losses, validation, learning rate, gradients."""

import sys

import torch
from ignite.engine import Events, create_supervised_evaluator, create_supervised_trainer
from ignite.handlers import global_step_from_engine
from ignite.metrics import Loss

if sys.argv[1] == "runstore":
    from runstore.integrations.ignite import RunstoreLogger as Logger
else:
    from ignite.handlers.wandb_logger import WandBLogger as Logger

torch.manual_seed(0)
model = torch.nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
mean = torch.nn.MSELoss()
trainer = create_supervised_trainer(model, optimizer, mean)
evaluator = create_supervised_evaluator(model, metrics={"loss": Loss(mean)})
data = [(torch.randn(4, 4), torch.zeros(4, 1)) for _ in range(4)]
trainer.add_event_handler(Events.EPOCH_COMPLETED, lambda: evaluator.run(data))

logger = Logger(project="ignite", name="line", config={"lr": 0.1})
logger.attach_output_handler(
    trainer, event_name=Events.ITERATION_COMPLETED, tag="train", output_transform=lambda loss: {"loss": loss}
)
logger.attach_output_handler(
    evaluator,
    event_name=Events.EPOCH_COMPLETED,
    tag="validation",
    metric_names=["loss"],
    global_step_transform=global_step_from_engine(trainer, Events.ITERATION_COMPLETED),
)
logger.attach_opt_params_handler(trainer, event_name=Events.ITERATION_STARTED, optimizer=optimizer)
logger.watch(model, log="all", log_freq=2)
if sys.argv[1] == "runstore":
    from runstore.integrations.ignite import GradsScalarHandler, WeightsScalarHandler

    logger.attach(trainer, GradsScalarHandler(model), Events.ITERATION_COMPLETED)
    logger.attach(trainer, WeightsScalarHandler(model, tag="net"), Events.ITERATION_COMPLETED)
trainer.run(data, max_epochs=2)
logger.close()
