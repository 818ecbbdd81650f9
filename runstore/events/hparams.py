"""What TensorBoard's plugin for hyperparameters notes (tensorboard/plugins/hparams/plugin_data.proto)."""

from dataclasses import dataclass, field
from typing import Any, Final

from runstore.events import wire

_STATES: Final = {1: "finished", 2: "failed", 3: "running"}


@dataclass(slots=True)
class Session:
    """One computation: its hyperparameters, the group it is in, the metrics that are compared, and how it ended.

    `started` and `ended` are epoch s. `state` is a run's, "" while nothing says how it ended.
    """

    config: dict[str, Any] = field(default_factory=dict)
    group: str = ""
    metrics: list[str] = field(default_factory=list)
    state: str = ""
    started: float | None = None
    ended: float | None = None

    def take(self, data: bytes) -> None:
        """Reads one HParamsPluginData. Raises `wire.WireError`."""
        for number, _, value in wire.fields(data):
            if number == 2:
                self._experiment(wire.body(value))
            elif number == 3:
                self._start(wire.body(value))
            elif number == 4:
                self._end(wire.body(value))

    def _experiment(self, data: bytes) -> None:
        for number, _, value in wire.fields(data):
            if number == 5:
                names = [each for at, _, each in wire.fields(wire.body(value)) if at == 1]
                tags = [wire.text(tag) for name in names for at, _, tag in wire.fields(wire.body(name)) if at == 2]
                self.metrics += [tag for tag in tags if tag not in self.metrics]

    def _start(self, data: bytes) -> None:
        for number, _, value in wire.fields(data):
            if number == 1:
                pair = {at: wire.body(each) for at, _, each in wire.fields(wire.body(value))}
                self.config[wire.text(pair.get(1, b""))] = _plain(pair.get(2, b""))
            elif number == 4:
                self.group = wire.text(value)
            elif number == 5:
                self.started = wire.double(value)

    def _end(self, data: bytes) -> None:
        for number, _, value in wire.fields(data):
            if number == 1:
                self.state = _STATES.get(wire.whole(value), "")
            elif number == 2:
                self.ended = wire.double(value)


def _plain(data: bytes) -> Any:
    """What a google.protobuf.Value stands for; whole numbers, which it has as floats, are whole again."""
    found: Any = None
    for number, _, value in wire.fields(data):
        match number:
            case 2:
                number_ = wire.double(value)
                found = int(number_) if number_.is_integer() and abs(number_) < 2**53 else number_
            case 3:
                found = wire.text(value)
            case 4:
                found = bool(wire.whole(value))
            case 6:
                found = [_plain(wire.body(each)) for at, _, each in wire.fields(wire.body(value)) if at == 1]
            case 5:
                found = {
                    key: each for at, _, pair in wire.fields(wire.body(value)) if at == 1 for key, each in [_pair(pair)]
                }
    return found


def _pair(data: bytes) -> tuple[str, Any]:
    parts = {at: wire.body(each) for at, _, each in wire.fields(data)}
    return wire.text(parts.get(1, b"")), _plain(parts.get(2, b""))
