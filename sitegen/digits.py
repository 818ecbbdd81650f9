"""The demo's training script: classifiers of handwritten digits under k-fold cross-validation, logged as anyone would.

    python -m sitegen.digits compare STORE MODEL:LR …    each configuration: a run a fold, then one that evaluates
    python -m sitegen.digits crop STORE                  a run that fails: its augmentation loses a column of pixels
    python -m sitegen.digits marathon STORE              a run of many rounds, for somebody to stop

The data set, 1,797 images of 8 by 8 pixels, comes with scikit-learn.
"""

import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
import numpy.typing as npt
from sklearn.datasets import load_digits
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import accuracy_score, confusion_matrix, log_loss
from sklearn.model_selection import StratifiedKFold, train_test_split
from sklearn.neural_network import MLPClassifier

import runstore
from sitegen.demo import DIGITS, DONE, FOLDS

EPOCHS: Final = 40
MISREAD_EVERY: Final = 5
MOST_MISREAD: Final = 9
VOTES: Final = "votes.npz"
UNSURE: Final = 40

_MARATHON_ROUNDS = 2_000
_CROPPED_FROM = 12
_CROPPED_COLUMNS = 1
_CLASSES = np.arange(10)

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Classifier = Any
"""A scikit-learn classifier that gives probabilities; scikit-learn has no types."""

_SETTINGS: Final[dict[str, dict[str, Any]]] = {
    "linear": {"loss": "log_loss", "alpha": 1e-4},
    "mlp": {"hidden_layer_sizes": [64], "solver": "sgd", "momentum": 0.9, "batch_size": 32},
    "boosting": {"max_depth": 3, "max_features": 16, "subsample": 0.8},
}


@dataclass(frozen=True, slots=True)
class Samples:
    """Images as rows of 64 brightnesses from 0 to 1, and the digit that each shows."""

    images: Floats
    digits: Integers


@dataclass(frozen=True, slots=True)
class Digits:
    """The data set, split once: `known` is what the folds share, `test` what no fold ever sees."""

    known: Samples
    test: Samples

    def fold(self, number: int) -> tuple[Samples, Samples]:
        """What fold `number` trains on, and what it is validated on."""
        folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(self.known.images, self.known.digits)
        train, validation = list(folds)[number]
        return self._part(train), self._part(validation)

    def _part(self, rows: Integers) -> Samples:
        return Samples(self.known.images[rows], self.known.digits[rows])


@dataclass(frozen=True, slots=True)
class Configuration:
    """One cell of the comparison: a family of models and a learning rate."""

    model: str
    lr: float

    @classmethod
    def parse(cls, text: str) -> "Configuration":
        """The configuration that `MODEL:LR` names."""
        model, lr = text.split(":")
        return cls(model, float(lr))

    @property
    def name(self) -> str:
        return f"{self.model}-lr{self.lr:g}"

    def config(self, **more: Any) -> dict[str, Any]:
        """What its runs have in their config."""
        return {
            "dataset": "digits",
            "model": self.model,
            "lr": self.lr,
            "folds": FOLDS,
            **_SETTINGS[self.model],
            **more,
        }


def load() -> Digits:
    """The data set, a fifth of it set aside for testing."""
    bunch = load_digits()
    known, test, known_digits, test_digits = train_test_split(
        bunch.data / 16, bunch.target, test_size=0.2, random_state=0, stratify=bunch.target
    )
    return Digits(Samples(known, known_digits), Samples(test, test_digits))


def compare(store: str, configuration: Configuration, data: Digits) -> None:
    """Cross-validates one configuration: a run a fold, then one that evaluates what the folds learned."""
    for fold in range(FOLDS):
        train_fold(store, configuration, fold, data)
    evaluate(store, configuration, data.test)


def started(project: str, store: str, name: str, **about: Any) -> Any:
    """A new run, called `name` in its address too."""
    return runstore.init(project=project, dir=store, id=name, name=name, **about)


def train_fold(store: str, configuration: Configuration, fold: int, data: Digits) -> None:
    """One run: a model trained on all folds but one, and validated on that one after each epoch.

    What the model made of the test images goes to `evaluate` as an artifact: probabilities by epoch, image and digit.
    """
    train, validation = data.fold(fold)
    name = f"{configuration.name}-fold{fold}"
    with started(
        DIGITS,
        store,
        name,
        group=configuration.name,
        job_type="train",
        tags=["k-fold", configuration.model],
        config=configuration.config(fold=fold, seed=fold, epochs=EPOCHS),
    ) as run:
        best, votes = 0.0, []
        for epoch, model in enumerate(epochs(configuration, train, EPOCHS, seed=fold)):
            best = max(best, log_epoch(run, epoch, model, train, validation))
            votes.append(model.predict_proba(data.test.images))
        run.summary["val/best_accuracy"] = best
        predictions = runstore.Artifact(configuration.name, "predictions", metadata={"fold": fold, "epochs": EPOCHS})
        with predictions.new_file(VOTES, "wb") as file:
            np.savez_compressed(file, votes=np.array(votes, np.float32))
        run.log_artifact(predictions, aliases=[f"fold{fold}"])
    print(DONE, name)


def log_epoch(run: Any, epoch: int, model: Classifier, train: Samples, validation: Samples) -> float:
    """Logs how `model` does on both sets; returns its accuracy on the second."""
    train_loss, train_accuracy = _score(model.predict_proba(train.images), train)
    val_loss, val_accuracy = _score(model.predict_proba(validation.images), validation)
    run.log(
        {
            "train/loss": train_loss,
            "train/accuracy": train_accuracy,
            "val/loss": val_loss,
            "val/accuracy": val_accuracy,
        }
    )
    print(f"epoch {epoch:>2}  train loss {train_loss:.4f}  val loss {val_loss:.4f}  val accuracy {val_accuracy:.4f}")
    return val_accuracy


def evaluate(store: str, configuration: Configuration, test: Samples) -> None:
    """One run: after each epoch the models of all folds vote on the images that none of them has seen."""
    name = f"{configuration.name}-eval"
    with started(
        DIGITS,
        store,
        name,
        group=configuration.name,
        job_type="eval",
        tags=["test-set", configuration.model],
        notes=f"The models of {FOLDS} folds vote on {len(test.digits)} images that none of them has seen.",
        config=configuration.config(epochs=EPOCHS),
    ) as run:
        votes = np.mean([load_votes(run, f"{configuration.name}:fold{fold}") for fold in range(FOLDS)], axis=0)
        for epoch, probabilities in enumerate(votes, 1):
            loss, accuracy = _score(probabilities, test)
            row: dict[str, Any] = {"test/loss": loss, "test/accuracy": accuracy}
            row["test/confidence"] = runstore.Histogram(probabilities.max(axis=1), num_bins=30)
            if epoch % MISREAD_EVERY == 0:
                row["test/misread"] = misread(probabilities, test)
            if epoch == len(votes):
                row["test/confusion"] = confusion(probabilities, test)
                row["test/predictions"] = predictions(probabilities, test)
                row["test/roc"] = runstore.plot.roc_curve(test.digits, probabilities, labels=[*map(str, _CLASSES)])
            run.log(row)
        print(f"{accuracy:.1%} of {len(test.digits)} test images read correctly")
    print(DONE, name)


def load_votes(run: Any, name: str) -> Floats:
    """What one fold's model made of the test images: an input of this run."""
    with tempfile.TemporaryDirectory() as folder:
        run.use_artifact(name).download(folder)
        with np.load(Path(folder) / VOTES) as file:
            votes = file["votes"].astype(np.float64)
    return cast(Floats, votes / votes.sum(axis=-1, keepdims=True))  # They were rounded to be stored.


def misread(votes: Floats, test: Samples) -> list[runstore.Image]:
    """The first images that were not read right."""
    found = votes.argmax(axis=1)
    return [
        runstore.Image(picture(test.images[at]), caption=f"{test.digits[at]} read as {found[at]}")
        for at in np.flatnonzero(found != test.digits)[:MOST_MISREAD]
    ]


def predictions(votes: Floats, test: Samples) -> runstore.Table:
    """The images that were read with the least confidence, the least certain first."""
    found, confidence = votes.argmax(axis=1), votes.max(axis=1)
    table = runstore.Table(columns=["number", "image", "shown", "read as", "right", "confidence"])
    for at in confidence.argsort()[:UNSURE].tolist():
        shown, read = int(test.digits[at]), int(found[at])
        table.add_data(
            at, runstore.Image(picture(test.images[at])), shown, read, shown == read, round(float(confidence[at]), 4)
        )
    return table


def confusion(votes: Floats, test: Samples) -> runstore.Table:
    """How often each digit was read as which: a row for each digit that was shown."""
    counts = confusion_matrix(test.digits, votes.argmax(axis=1), labels=_CLASSES).tolist()
    columns = ["shown", *(f"read as {digit}" for digit in _CLASSES)]
    return runstore.Table(columns=columns, data=[[digit, *row] for digit, row in enumerate(counts)])


def picture(image: Floats) -> npt.NDArray[np.uint8]:
    """An image in black on white, five times as large as it is."""
    return np.kron(255 * (1 - image.reshape(8, 8)), np.ones((5, 5))).astype(np.uint8)


def crop(store: str, data: Digits) -> None:
    """A run that fails: from some epoch on its images lose their first column, and scikit-learn refuses them."""
    configuration = Configuration("mlp", 0.03)
    train, validation = data.fold(0)
    # No `with` here: the run ends with the process, and its console log holds the traceback.
    run = started(
        DIGITS,
        store,
        "mlp-cropped",
        group="mlp-augmented",
        job_type="train",
        tags=["augmentation", "mlp"],
        notes=f"Crops the images by one pixel from epoch {_CROPPED_FROM} on. Does the model still read them?",
        config=configuration.config(fold=0, seed=0, epochs=EPOCHS, augment="crop"),
    )
    for epoch, model in enumerate(epochs(configuration, train, EPOCHS, seed=0)):
        if epoch >= _CROPPED_FROM:
            cropped = train.images.reshape(-1, 8, 8)[:, :, _CROPPED_COLUMNS:].reshape(len(train.images), -1)
            if cropped.shape != train.images.shape:
                run.alert("Images changed their size", f"{cropped.shape[1]} pixels from epoch {epoch} on", "WARN")
            model.partial_fit(cropped, train.digits)
        log_epoch(run, epoch, model, train, validation)


def marathon(store: str, data: Digits) -> None:
    """A run of far more rounds than anybody waits for."""
    configuration = Configuration("boosting", 0.03)
    train, validation = data.fold(0)
    with started(
        DIGITS,
        store,
        "boosting-marathon",
        group="boosting-long",
        job_type="train",
        tags=["boosting"],
        notes=f"{_MARATHON_ROUNDS:,} rounds, more than anybody waits for.",
        config=configuration.config(fold=0, seed=0, epochs=_MARATHON_ROUNDS),
    ) as run:
        for epoch, model in enumerate(epochs(configuration, train, _MARATHON_ROUNDS, seed=0)):
            log_epoch(run, epoch, model, train, validation)


def epochs(configuration: Configuration, train: Samples, count: int, *, seed: int) -> Iterator[Classifier]:
    """The configuration's model after each of `count` epochs (for boosting: rounds) on `train`."""
    learn = _rounds if configuration.model == "boosting" else _passes
    return learn(_LEARNERS[configuration.model](configuration.lr, seed), train, count)


def _passes(model: Classifier, train: Samples, count: int) -> Iterator[Classifier]:
    for _ in range(count):
        yield model.partial_fit(train.images, train.digits, classes=_CLASSES)


def _rounds(model: Classifier, train: Samples, count: int) -> Iterator[Classifier]:
    for number in range(1, count + 1):
        yield model.set_params(n_estimators=number).fit(train.images, train.digits)


def _linear(lr: float, seed: int) -> Classifier:
    return SGDClassifier(**_SETTINGS["linear"], learning_rate="constant", eta0=lr, random_state=seed)


def _mlp(lr: float, seed: int) -> Classifier:
    return MLPClassifier(**_SETTINGS["mlp"], learning_rate_init=lr, random_state=seed)


def _boosting(lr: float, seed: int) -> Classifier:
    return GradientBoostingClassifier(**_SETTINGS["boosting"], learning_rate=lr, warm_start=True, random_state=seed)


_LEARNERS: Final[dict[str, Callable[[float, int], Classifier]]] = {
    "linear": _linear,
    "mlp": _mlp,
    "boosting": _boosting,
}


def _score(probabilities: Floats, samples: Samples) -> tuple[float, float]:
    """Mean log loss and accuracy."""
    loss = log_loss(samples.digits, probabilities, labels=_CLASSES)
    return float(loss), float(accuracy_score(samples.digits, probabilities.argmax(axis=1)))


def main(arguments: list[str]) -> None:
    """Does what the module's text says."""
    match arguments:
        case ["compare", store, *configurations]:
            data = load()
            for text in configurations:
                compare(store, Configuration.parse(text), data)
        case ["crop", store]:
            crop(store, load())
        case ["marathon", store]:
            marathon(store, load())
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
