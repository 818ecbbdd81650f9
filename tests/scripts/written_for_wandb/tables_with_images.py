"""Predictions of a classifier as a table of pictures, with boxes and masks beside it."""

import numpy as np
import wandb

wandb.login()
run = wandb.init(project="tables", job_type="eval", tags=["images"], notes="pictures in tables")
generator = np.random.default_rng(0)
columns = ["id", "image", "guess", "truth", *(f"score_{digit}" for digit in range(3))]
table = wandb.Table(columns=columns)
for number in range(4):
    pixels = generator.integers(0, 255, (8, 8, 3), dtype=np.uint8)
    scores = generator.random(3)
    table.add_data(number, wandb.Image(pixels), int(scores.argmax()), number % 3, *map(float, scores))
run.log({"predictions": table})

classes = wandb.Classes([{"id": 0, "name": "road"}, {"id": 1, "name": "car"}])
picture = wandb.Image(
    generator.integers(0, 255, (16, 16, 3), dtype=np.uint8),
    caption="a street",
    classes=classes,
    boxes={
        "predictions": {
            "box_data": [
                {
                    "position": {"minX": 0.1, "maxX": 0.4, "minY": 0.2, "maxY": 0.6},
                    "class_id": 1,
                    "box_caption": "car (0.9)",
                    "scores": {"confidence": 0.9},
                }
            ],
            "class_labels": {0: "road", 1: "car"},
        }
    },
    masks={"truth": {"mask_data": np.ones((16, 16), dtype=np.uint8), "class_labels": {0: "road", 1: "car"}}},
)
wandb.log({"examples": [picture, wandb.Image(np.zeros((16, 16)), caption="dark")], "accuracy": 0.5})
matrix = wandb.plot.confusion_matrix(y_true=[0, 1, 2, 2], preds=[0, 1, 1, 2], class_names=["a", "b", "c"])
wandb.log({"matrix": matrix, "weights": wandb.Histogram(generator.normal(size=1000))})
bars = wandb.Table(data=[["a", 1], ["b", 2]], columns=["label", "value"])
wandb.log({"bars": wandb.plot.bar(bars, "label", "value", title="Bars"), "page": wandb.Html("<p>done</p>")})
run.finish()
