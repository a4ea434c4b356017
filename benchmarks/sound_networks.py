"""Audits of well-known architectures at their own start: they are sound, and it should be silent.

    .venv/bin/python -m pip install timm transformers    # timm with the torchvision of this torch
    .venv/bin/python -m benchmarks.sound_networks --record sound.jsonl --seconds 150
    .venv/bin/python -m benchmarks.sound_networks --smoke    # two of them, in seconds

No trained weights are loaded: each network has those that its architecture draws. What the record
holds is not run again, so the program can be stopped and started at any time; at its end it prints
a Markdown table of the whole record. README.md says what is compared.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from inspect import signature
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import nn
from torch.nn.functional import cross_entropy, interpolate

from benchmarks.architectures import CONFIGURED, IMAGE_MODELS
from helpers.audit import audit
from helpers.data import load_cifar10
from helpers.device import generator

Case = tuple[nn.Module, Any, Callable[[Any], torch.Tensor] | None]
Record = dict[str, Any]
EXAMPLES, CLASSES, PIXELS, TOKENS, SAMPLES = 8, 1000, 96, 32, 8000
SMOKE = ("ELECTRA", "MobileViT")


def pictures(height: int, width: int) -> torch.Tensor:
    """Return photographs, standardized and enlarged."""
    x = torch.tensor(load_cifar10().train_images[:EXAMPLES]).float().movedim(-1, 1)
    return interpolate((x - x.mean()) / x.std(), (height, width), mode="bilinear", antialias=True)


def image_model(name: str) -> Case:
    """Return a classifier of timm, with small images where it can take them, else with its own."""
    create = partial(import_module("timm").create_model, name, num_classes=CLASSES)
    x = pictures(PIXELS, PIXELS)
    try:
        model = create(img_size=PIXELS)
    except (TypeError, ValueError, AssertionError, RuntimeError):  # it takes no such size
        model = create()
    if not takes(model, x):
        model = create()
        x = pictures(*model.default_cfg["input_size"][1:])
    labels = torch.randint(CLASSES, (EXAMPLES,), generator=generator(1))
    return model, x, partial(mean_cross_entropy, labels=labels)


def takes(model: nn.Module, x: torch.Tensor) -> bool:
    """Say whether a model can take pictures of this size."""
    try:
        with torch.no_grad():
            model.eval()(x[:1])
    except (ValueError, AssertionError, RuntimeError):
        return False
    finally:
        model.train()
    return True


def mean_cross_entropy(output: Any, labels: torch.Tensor) -> torch.Tensor:
    """Return the cross-entropy; of several outputs, as of a distilled network, their mean."""
    outputs = output if isinstance(output, (tuple, list)) else [output]
    return torch.stack([cross_entropy(each, labels) for each in outputs]).mean()


def configured(name: str) -> Case:
    """Return a network of transformers, with its own loss where it has one."""
    _, name_of_class, options = CONFIGURED[name]
    model_class = getattr(import_module("transformers"), name_of_class)
    model = model_class(model_class.config_class(**options))
    batch = {model.main_input_name: main_input(model)}
    if "labels" in signature(model.forward).parameters:
        classifies = name_of_class.endswith("Classification")
        text = batch.get("input_ids", tokens(model))
        batch["labels"] = torch.arange(EXAMPLES) % model.config.num_labels if classifies else text
    return model, batch, None


def main_input(model: nn.Module) -> torch.Tensor:
    """Return tokens, pictures, spectra or sounds, as the model's first input is named."""
    config, numbers = model.config, generator(1)
    if model.main_input_name == "input_ids":
        return tokens(model)
    if model.main_input_name == "pixel_values":
        return pictures(*[getattr(config, "image_size", PIXELS)] * 2)
    if model.main_input_name == "input_features":
        shape = EXAMPLES, config.num_mel_bins, 2 * config.max_source_positions
        return torch.randn(shape, generator=numbers)
    return torch.randn(EXAMPLES, SAMPLES, generator=numbers)


def tokens(model: nn.Module) -> torch.Tensor:
    """Return random tokens, none of the first three, which often mean a beginning or an end."""
    many = getattr(model.config, "vocab_size", None) or 4
    return torch.randint(3, many, (EXAMPLES, TOKENS), generator=generator(1))


ARCHITECTURES: dict[str, Callable[[], Case]] = {
    **{name: partial(image_model, name) for name in IMAGE_MODELS},
    **{name: partial(configured, name) for name in CONFIGURED},
}
FAMILIES = IMAGE_MODELS | {name: family for name, (family, *_) in CONFIGURED.items()}


def examined(name: str) -> Record:
    """Return what an audit says of an architecture, ready for JSON."""
    torch.manual_seed(0)
    start = time.process_time()
    record: Record = {"name": name, "error": "", "parameters": 0, "findings": []}
    try:
        model, batch, loss = ARCHITECTURES[name]()
        record["parameters"] = sum(parameter.numel() for parameter in model.parameters())
        record["findings"] = audit(model, batch, loss).to_dict()["findings"]
    except Exception as error:  # whatever it is: part of what is counted
        record["error"] = f"{type(error).__name__}: {error}"
    return record | {"seconds": time.process_time() - start}


def read(path: Path) -> list[Record]:
    """Return the records of a file, none where there is no file yet."""
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    return [json.loads(line) for line in lines]


def installed(name: str) -> bool:
    """Say whether the package that has this architecture is there."""
    return find_spec("timm" if name in IMAGE_MODELS else "transformers") is not None


def run(names: Iterable[str], path: Path, seconds: float) -> None:
    """Examine the architectures that the record does not hold yet; begin none after the time."""
    known, start = {record["name"] for record in read(path)}, time.monotonic()
    for name in names:
        if name not in known and installed(name) and time.monotonic() - start < seconds:
            record = examined(name)
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(record) + "\n")


def table(records: Sequence[Record]) -> str:
    """Return the counts of each family as a Markdown table, and the total of all."""
    rows: dict[str, list[Record]] = {}
    for record in records:
        rows.setdefault(FAMILIES[record["name"]], []).append(record)
    lines = [
        "| Family | Architectures | Crashes | with a grave finding | with a warning |",
        "| --- | --- | --- | --- | --- |",
    ]
    for family, own in [*rows.items(), ("all", list(records))]:
        found = [{finding["gravity"] for finding in record["findings"]} for record in own]
        counts = (
            len(own),
            sum(bool(record["error"]) for record in own),
            *(sum(word in gravities for gravities in found) for word in ("grave", "warning")),
        )
        lines.append(f"| {family} | {' | '.join(map(str, counts))} |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--record", type=Path, help="file of JSON lines that is added to")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="then begin no more")
    parser.add_argument("--smoke", action="store_true", help="two architectures")
    chosen = parser.parse_args(arguments)
    with TemporaryDirectory() as folder:
        path = chosen.record or Path(folder) / "record.jsonl"
        run(SMOKE if chosen.smoke else ARCHITECTURES, path, chosen.seconds)
        records = read(path)
    print(f"torch {torch.__version__}\n\n{table(records)}")
    for record in records:
        for finding in record["findings"]:
            if finding["gravity"] != "note":
                print(f"\n{record['name']}: {finding['gravity']}, {finding['text']}")
        if record["error"]:
            print(f"\n{record['name']}: {record['error']}")


if __name__ == "__main__":
    main()
