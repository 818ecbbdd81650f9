"""A tiny classifier with Keras, and every callback that W&B has for it."""

import keras
import numpy
import wandb
from wandb.integration.keras import WandbEvalCallback, WandbMetricsLogger, WandbModelCheckpoint


class Guesses(WandbEvalCallback):
    def add_ground_truth(self, logs=None):
        for number, label in enumerate(labels[:5]):
            self.data_table.add_data(number, int(label))

    def add_model_predictions(self, epoch, logs=None):
        guesses = self.model.predict(inputs[:5], verbose=0).argmax(axis=1)
        for number in self.data_table_ref.get_index():
            row = self.data_table_ref.data[number]
            self.pred_table.add_data(epoch, row[0], row[1], int(guesses[number]))


def classifier(optimizer):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8), keras.layers.Dense(3, activation="softmax")])
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


random = numpy.random.default_rng(0)
inputs = random.normal(size=(64, 4)).astype("float32")
labels = inputs[:, :3].argmax(axis=1)
validation = (inputs[:16], labels[:16])
data = {"x": inputs, "y": labels, "validation_data": validation, "batch_size": 16, "verbose": 0}

with wandb.init(project="epochs", config={"lr": 0.1}) as run:
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 4, 0.5, staircase=True)
    callbacks = [
        WandbMetricsLogger(),
        WandbModelCheckpoint("model-{epoch:02d}.keras", save_best_only=True),
        Guesses(["number", "label"], ["epoch", "number", "label", "guess"]),
    ]
    classifier(keras.optimizers.SGD(schedule)).fit(**data, epochs=3, callbacks=callbacks)

with wandb.init(project="batches") as run:
    checkpoint = WandbModelCheckpoint("b.weights.h5", save_freq=4, save_weights_only=True)
    classifier("adam").fit(**data, epochs=2, callbacks=[WandbMetricsLogger(log_freq=2), checkpoint])

with wandb.init(project="older") as run:
    older = wandb.keras.WandbCallback(
        monitor="val_accuracy",
        log_weights=True,
        log_evaluation=True,
        validation_data=validation,
        labels=["a", "b", "c"],
        predictions=6,
        log_batch_frequency=4,
    )
    classifier("adam").fit(**data, epochs=2, callbacks=[older])
