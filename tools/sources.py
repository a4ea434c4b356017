"""What on a page reads data, draws at random or measures: evidence must come from one of these."""

from __future__ import annotations

SOURCES = frozenset(
    {"load_mnist", "load_cifar10", "load_japanese_vowels", "load_names", "image_tensors"}
    | {"rng", "generator", "initialize", "fill", "lsuv", "draw_rows", "materialize"}
    | {"sweep", "starts", "layer_statistics", "probe", "audit", "fit", "evaluate"}
    | {"train_ensemble", "evaluate_ensemble", "train_recurrent", "sharpness"}
    | {"np.random.default_rng", "torch.Generator", "time.perf_counter", "perf_counter"}
    | {"timeit.repeat", "keras.random.SeedGenerator", "SeedGenerator"}
)
"""What reads data, draws at random or measures."""
DRAWN_BY = ("nn.", "torch.nn.", "keras.")
"""A layer of a framework draws its weights; what it says of itself is data."""
COMPUTED_BY = ("nn.functional.", "torch.nn.functional.", "keras.ops.", "nn.init.", "torch.nn.init.")
"""These return what they make of their arguments."""


def is_source(name: str) -> bool:
    """Say whether a call of this name reads data, draws or measures."""
    framework = name.startswith(DRAWN_BY) and not name.startswith(COMPUTED_BY)
    return name in SOURCES or framework
