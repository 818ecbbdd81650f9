"""Ultralytics' YOLO on four pictures made here, with its own callbacks of W&B.

torchvision's wheel does not load beside a torch for the CPU. Of it Ultralytics asks the version, and one function that
it has itself too: these stand in.
"""

import sys
from pathlib import Path
from types import ModuleType

import numpy
from PIL import Image

described = Path("packages", "torchvision-0.28.0.dist-info", "METADATA")
described.parent.mkdir(parents=True)
described.write_text("Metadata-Version: 2.1\nName: torchvision\nVersion: 0.28.0\n")
sys.path.append("packages")

from ultralytics import YOLO, settings  # noqa: E402 - it looks for torchvision when it is imported
from ultralytics.utils.nms import TorchNMS  # noqa: E402

torchvision = sys.modules["torchvision"] = ModuleType("torchvision")
torchvision.ops = TorchNMS

settings.update({"wandb": True, "datasets_dir": str(Path.cwd()), "runs_dir": str(Path.cwd() / "yolo")})
for part in ("train", "val"):
    for kind in ("images", "labels"):
        Path("squares", kind, part).mkdir(parents=True)
    for number in range(4):
        picture = numpy.zeros((32, 32, 3), dtype="uint8")
        picture[8:24, 8:24] = 255
        Image.fromarray(picture).save(f"squares/images/{part}/{number}.png")
        Path(f"squares/labels/{part}/{number}.txt").write_text("0 0.5 0.5 0.5 0.5\n")
Path("squares.yaml").write_text("path: squares\ntrain: images/train\nval: images/val\nnames: {0: square}\n")
YOLO("yolov8n.yaml").train(
    data="squares.yaml", epochs=2, imgsz=32, batch=4, workers=0, device="cpu", project="tiny", name="squares", amp=False
)
