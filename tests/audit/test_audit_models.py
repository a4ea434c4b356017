"""Sound models of many architectures pass the audit, and faults planted in them are named."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
import transformers
from torch import nn
from torch.nn.functional import cross_entropy, relu

from helpers.audit import audit
from helpers.device import generator


def floats(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=generator(seed))


def tokens(*shape: int, high: int = 100) -> torch.Tensor:
    return torch.randint(3, high, shape, generator=generator(1))


X, IMAGES, SEQUENCE, IDS = floats(16, 32), floats(8, 3, 32, 32), floats(8, 6, 32), tokens(8, 12)


# Models of torch.nn


class Residual(nn.Module):
    """Add a branch of two convolutions, as ResNet does."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return relu(x + self.norm2(self.conv2(relu(self.norm1(self.conv1(x)), inplace=True))))


class PreNorm(nn.Module):
    """Two dense layers before a sum, after a normalization; SwiGLU inside."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.RMSNorm(32)
        self.gate, self.up, self.down = nn.Linear(32, 64), nn.Linear(32, 64), nn.Linear(64, 32)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        z = self.norm(x)
        return x + self.down(nn.functional.silu(self.gate(z)) * self.up(z))


class Tied(nn.Module):
    """A language model whose output layer is its embedding, with one layer used twice."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(100, 32)
        self.layer = nn.Linear(32, 32)
        self.norm = nn.LayerNorm(32)
        self.head = nn.Linear(32, 100, bias=False)
        self.head.weight = nn.Parameter(0.1 * self.embedding.weight.detach())
        self.embedding.weight = self.head.weight

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        x = self.embedding(ids)
        x = x + torch.tanh(self.layer(x))
        return self.head(self.norm(x + torch.tanh(self.layer(x))))


class Cells(nn.Module):
    """A recurrent cell called once a step."""

    def __init__(self, cell: type[nn.Module]) -> None:
        super().__init__()
        self.cell, self.head = cell(32, 16), nn.Linear(16, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        state = None
        for step in x.unbind(1):
            state = self.cell(step, state)
        return self.head(state[0] if isinstance(state, tuple) else state)


class Seq2Seq(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Transformer(32, 4, 2, 2, 64, batch_first=True)

    def forward(self, source: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return self.net(source, target)


class Attention(nn.Module):
    """Attention with keys and values of their own width; returns a dict."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(32, 4, kdim=16, vdim=8, batch_first=True)
        self.head = nn.Linear(32, 5)

    def forward(self, x: torch.Tensor) -> dict[str, Any]:
        mixed, weights = self.attention(x, x[..., :16], x[..., :8])
        return {"scores": self.head(mixed), "weights": weights, "steps": 3}


class LowRank(nn.Module):
    """A frozen layer with a trained addition that starts at 0 (LoRA)."""

    def __init__(self) -> None:
        super().__init__()
        self.base, self.down = nn.Linear(32, 32), nn.Linear(32, 4, bias=False)
        self.up, self.head = nn.Linear(4, 32, bias=False), nn.Linear(32, 5)
        self.base.requires_grad_(False)
        nn.init.zeros_(self.up.weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(torch.relu(self.base(x) + self.up(self.down(x))))


def transformer(**options: Any) -> nn.Module:
    layer = nn.TransformerEncoderLayer(32, 4, 64, batch_first=True, **options)
    return nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)


def dense(activation: type[nn.Module], scheme: Callable[..., Any] | None = None) -> nn.Module:
    model = nn.Sequential(
        *(part for _ in range(4) for part in (nn.Linear(32, 32), activation())), nn.Linear(32, 5)
    )
    for layer in model:
        if scheme and isinstance(layer, nn.Linear):
            scheme(layer.weight)
            nn.init.zeros_(layer.bias)
    return model


def convolutions(norm: type[nn.Module] | None, *, conv: Any = nn.Conv2d) -> nn.Module:
    parts: list[nn.Module] = []
    for n_in, n_out in ((3, 16), (16, 16), (16, 32)):
        parts += [conv(n_in, n_out, 3, padding=1), norm(n_out) if norm else nn.Identity()]
        parts += [nn.ReLU(inplace=True), nn.MaxPool2d(2)]
    return nn.Sequential(*parts, nn.Flatten(), nn.Linear(512, 10))


def autoencoder() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, stride=2, padding=1), nn.GELU(),
        nn.ConvTranspose2d(16, 3, 4, stride=2, padding=1), nn.Sigmoid(),
    )  # fmt: skip


def weight_normed() -> nn.Module:
    return nn.Sequential(
        nn.utils.parametrizations.weight_norm(nn.Linear(32, 32)), nn.Tanh(),
        nn.utils.parametrizations.spectral_norm(nn.Linear(32, 5)),
    )  # fmt: skip


def xavier(weight: torch.Tensor) -> None:
    nn.init.xavier_uniform_(weight, generator=generator(2))


def he(weight: torch.Tensor) -> None:
    nn.init.kaiming_normal_(weight, nonlinearity="relu", generator=generator(2))


def orthogonal(weight: torch.Tensor) -> None:
    nn.init.orthogonal_(weight, generator=generator(2))


TORCH: dict[str, tuple[Callable[[], nn.Module], Any]] = {
    "linear": (lambda: nn.Linear(32, 5), X),
    "one output": (lambda: nn.Sequential(nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, 1)), X),
    "mlp relu, torch's default": (lambda: dense(nn.ReLU), X),
    "mlp relu, he": (lambda: dense(nn.ReLU, he), X),
    "mlp tanh, xavier": (lambda: dense(nn.Tanh, xavier), X),
    "mlp gelu, he": (lambda: dense(nn.GELU, he), X),
    "mlp selu, orthogonal": (lambda: dense(nn.SELU, orthogonal), X),
    "mlp leaky": (lambda: dense(nn.LeakyReLU, he), X),
    "mlp prelu": (lambda: dense(nn.PReLU, he), X),
    "mlp softplus": (lambda: dense(nn.Softplus, he), X),
    "mlp hardswish": (lambda: dense(nn.Hardswish, he), X),
    "mlp dropout": (lambda: nn.Sequential(dense(nn.ReLU, he), nn.Dropout(0.5)), X),
    "convnet": (lambda: convolutions(None), IMAGES),
    "convnet batchnorm": (lambda: convolutions(nn.BatchNorm2d), IMAGES),
    "convnet instancenorm": (lambda: convolutions(nn.InstanceNorm2d), IMAGES),
    "convnet groupnorm": (lambda: convolutions(lambda n: nn.GroupNorm(4, n)), IMAGES),
    "resnet": (
        lambda: nn.Sequential(nn.Conv2d(3, 16, 3), *(Residual(16) for _ in range(4)),
                              nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10)),
        IMAGES,
    ),
    "depthwise": (
        lambda: nn.Sequential(nn.Conv2d(3, 12, 3, groups=3), nn.ReLU6(), nn.Conv2d(12, 8, 1)),
        IMAGES,
    ),
    "autoencoder": (autoencoder, IMAGES),
    "conv1d": (lambda: nn.Sequential(nn.Conv1d(6, 8, 3), nn.ELU(), nn.Conv1d(8, 4, 1)), SEQUENCE),
    "rnn": (lambda: nn.RNN(32, 16, 2, batch_first=True), SEQUENCE),
    "lstm": (lambda: nn.LSTM(32, 16, 2, batch_first=True, bidirectional=True), SEQUENCE),
    "lstm, projected": (lambda: nn.LSTM(32, 16, proj_size=8, dropout=0.0), SEQUENCE),
    "gru": (lambda: nn.GRU(32, 16, batch_first=True), SEQUENCE),
    "gru cell": (lambda: Cells(nn.GRUCell), SEQUENCE),
    "lstm cell": (lambda: Cells(nn.LSTMCell), SEQUENCE),
    "packed": (
        lambda: nn.LSTM(32, 16, batch_first=True),
        nn.utils.rnn.pack_padded_sequence(SEQUENCE, [6, 6, 5, 4, 4, 3, 2, 2], batch_first=True),
    ),
    "attention": (Attention, SEQUENCE),
    "encoder": (transformer, SEQUENCE),
    "encoder, norm first": (lambda: transformer(norm_first=True, activation="gelu"), SEQUENCE),
    "transformer": (Seq2Seq, (SEQUENCE, floats(8, 5, 32, seed=3))),
    "swiglu, prenorm": (lambda: nn.Sequential(*(PreNorm() for _ in range(4))), SEQUENCE),
    "tied": (Tied, IDS),
    "bag": (lambda: nn.Sequential(nn.EmbeddingBag(100, 32), nn.Linear(32, 5)), IDS),
    "low rank": (LowRank, X),
    "parametrized": (weight_normed, X),
    "bilinear": (lambda: nn.Bilinear(32, 32, 4), (X, X)),
    "half": (lambda: dense(nn.ReLU, he).bfloat16(), X.bfloat16()),
    "double": (lambda: dense(nn.ReLU, he).double(), X.double()),
}  # fmt: skip


# Models of the package transformers

SMALL: dict[str, Any] = {
    "vocab_size": 100, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
    "intermediate_size": 64, "max_position_embeddings": 40, "pad_token_id": 0, "bos_token_id": 1,
    "eos_token_id": 2,
}  # fmt: skip
GQA = {**SMALL, "num_key_value_heads": 2}
GPT = {"vocab_size": 100, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 40,
       "bos_token_id": 1, "eos_token_id": 2}  # fmt: skip
BART = {
    "vocab_size": 100, "d_model": 32, "encoder_layers": 2, "decoder_layers": 2,
    "encoder_attention_heads": 4, "decoder_attention_heads": 4, "encoder_ffn_dim": 64,
    "decoder_ffn_dim": 64, "max_position_embeddings": 40,
}  # fmt: skip
T5 = {"vocab_size": 100, "d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 2, "num_heads": 4,
      "decoder_start_token_id": 0}  # fmt: skip
VIT = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "image_size": 32,
       "intermediate_size": 64, "patch_size": 8}  # fmt: skip
LANGUAGE = {"input_ids": IDS, "labels": IDS}
LABELS = {"input_ids": IDS, "labels": torch.arange(8) % 2}
PIXELS = {"pixel_values": IMAGES}

TRANSFORMERS: dict[str, tuple[str, str, dict[str, Any], dict[str, torch.Tensor]]] = {
    "bert": ("Bert", "ForSequenceClassification", SMALL, LABELS),
    "bert, masked": ("Bert", "ForMaskedLM", SMALL, LANGUAGE),
    "roberta": ("Roberta", "ForSequenceClassification", SMALL, LABELS),
    "electra": ("Electra", "ForPreTraining", SMALL, {"input_ids": IDS}),
    "albert": ("Albert", "Model", {**SMALL, "embedding_size": 16}, {"input_ids": IDS}),
    "distilbert": (
        "DistilBert", "ForSequenceClassification",
        {"vocab_size": 100, "dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 64}, LABELS,
    ),
    "deberta": ("DebertaV2", "ForSequenceClassification", SMALL, LABELS),
    "modernbert": ("ModernBert", "ForMaskedLM", SMALL, LANGUAGE),
    "gpt2": ("GPT2", "LMHeadModel", GPT, LANGUAGE),
    "gpt-j": ("GPTJ", "ForCausalLM", {**GPT, "rotary_dim": 4}, LANGUAGE),
    "gpt-neox": ("GPTNeoX", "ForCausalLM", SMALL, LANGUAGE),
    "bloom": ("Bloom", "ForCausalLM", {"vocab_size": 100, "hidden_size": 32, "n_layer": 2,
                                       "n_head": 4}, LANGUAGE),
    "opt": ("OPT", "ForCausalLM", {**SMALL, "ffn_dim": 64, "word_embed_proj_dim": 32}, LANGUAGE),
    "llama": ("Llama", "ForCausalLM", GQA, LANGUAGE),
    "mistral": ("Mistral", "ForCausalLM", GQA, LANGUAGE),
    "qwen2": ("Qwen2", "ForCausalLM", GQA, LANGUAGE),
    "gemma": ("Gemma", "ForCausalLM", {**GQA, "head_dim": 8}, LANGUAGE),
    "phi": ("Phi", "ForCausalLM", SMALL, LANGUAGE),
    "mixtral": ("Mixtral", "ForCausalLM", {**GQA, "num_local_experts": 2}, LANGUAGE),
    "mamba": ("Mamba", "ForCausalLM", {"vocab_size": 100, "hidden_size": 32, "state_size": 4,
                                       "num_hidden_layers": 2}, LANGUAGE),
    "t5": ("T5", "ForConditionalGeneration", T5, LANGUAGE),
    "bart": ("Bart", "ForConditionalGeneration", BART, LANGUAGE),
    "pegasus": ("Pegasus", "ForConditionalGeneration", BART, LANGUAGE),
    "vit": ("ViT", "ForImageClassification", VIT, {**PIXELS, "labels": torch.arange(8) % 2}),
    "deit": ("DeiT", "Model", VIT, PIXELS),
    "beit": ("Beit", "Model", VIT, PIXELS),
    "dinov2": ("Dinov2", "Model", VIT, PIXELS),
    "convnext": ("ConvNext", "Model", {"hidden_sizes": [8, 16, 32, 64], "depths": [1, 1, 1, 1]},
                 PIXELS),
    "resnet, transformers": (
        "ResNet", "ForImageClassification",
        {"embedding_size": 8, "hidden_sizes": [16, 32], "depths": [1, 1], "layer_type": "basic"},
        {**PIXELS, "labels": torch.arange(8) % 2},
    ),
    "swin": ("Swin", "Model", {"image_size": 32, "patch_size": 2, "embed_dim": 16, "depths": [1, 2],
                               "num_heads": [2, 4], "window_size": 4}, PIXELS),
    "segformer": ("Segformer", "Model", {"hidden_sizes": [8, 16, 16, 32], "depths": [1, 1, 1, 1],
                                         "num_attention_heads": [1, 2, 2, 4]}, PIXELS),
    "clip, vision": ("CLIPVision", "Model", VIT, PIXELS),
    "whisper": (
        "Whisper", "ForConditionalGeneration",
        {**BART, "num_mel_bins": 20, "max_source_positions": 15, "max_target_positions": 40,
         "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 1},
        {"input_features": floats(8, 20, 30), "labels": IDS},
    ),
    "wav2vec2": (
        "Wav2Vec2", "Model",
        {**SMALL, "conv_dim": (16, 16), "conv_stride": (5, 4), "conv_kernel": (10, 8),
         "num_feat_extract_layers": 2, "num_conv_pos_embeddings": 16,
         "num_conv_pos_embedding_groups": 2},
        {"input_values": floats(4, 800)},
    ),
}  # fmt: skip


def build(name: str) -> tuple[nn.Module, Any]:
    """Build a model with random weights, from a seed of its own."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        if name in TORCH:
            make, batch = TORCH[name]
            return make(), batch
        family, head, options, inputs = TRANSFORMERS[name]
        config = getattr(transformers, f"{family}Config")(**options)
        return getattr(transformers, f"{family}{head}")(config), inputs


@pytest.mark.filterwarnings("ignore:LSTM with projections:UserWarning")
@pytest.mark.parametrize("name", [*TORCH, *TRANSFORMERS])
def test_a_sound_model_passes_without_a_grave_finding(name: str) -> None:
    model, batch = build(name)
    report = audit(model, batch)
    assert report.grave == (), report
    assert report.layers
    assert all(layer.laws for layer in report.layers), "every layer's weights are described"
    repr(report), report._repr_html_(), report.to_dict()


def test_a_layer_that_stores_its_weight_the_other_way_round_is_read_so() -> None:
    model, batch = build("gpt2")
    rows = {row.name: row for row in audit(model, batch).layers}
    up = rows["transformer.h.0.mlp.c_fc"]
    assert (up.kind, up.shape, up.fan_in, up.fan_out) == ("Conv1D", (32, 128), 32, 128)
    assert up.gain == pytest.approx(0.02 * 32**0.5, rel=0.05)
    assert str(up.laws["weight"]) == "normal, std 0.02"
    assert up.predicted == pytest.approx(up.signal, rel=0.1)


def test_a_weight_shared_by_two_layers_is_described_in_both() -> None:
    rows = {row.name: row for row in audit(*build("tied")).layers}
    assert str(rows["embedding"].laws["weight"]) == str(rows["head"].laws["weight"])
    assert rows["head"].fan_in == 32
    assert rows["embedding"].fan_in is None


# Faults


def matrices(model: nn.Module) -> Iterator[torch.Tensor]:
    """Yield the weights, embeddings aside."""
    for name, parameter in model.named_parameters():
        if parameter.ndim > 1 and "embed" not in name and "wte" not in name and "wpe" not in name:
            yield parameter


@torch.no_grad()
def all_zero(model: nn.Module) -> None:
    for weight in matrices(model):
        weight.zero_()


@torch.no_grad()
def all_constant(model: nn.Module) -> None:
    for weight in matrices(model):
        weight.fill_(0.05)


def times(factor: float) -> Callable[[nn.Module], None]:
    @torch.no_grad()
    def plant(model: nn.Module) -> None:
        for weight in matrices(model):
            weight.mul_(factor)

    plant.__name__ = f"times {factor:.2g}"
    return plant


def bias_of(name: str, value: float) -> Callable[[nn.Module], None]:
    def plant(model: nn.Module) -> None:
        nn.init.constant_(model.get_parameter(f"{name}.bias"), value)

    plant.__name__ = f"bias {value:g}"
    return plant


@torch.no_grad()
def not_a_number(model: nn.Module) -> None:
    next(matrices(model)).view(-1)[0] = torch.nan


def deep(activation: type[nn.Module], depth: int, scheme: Callable[..., Any]) -> nn.Module:
    parts = [part for _ in range(depth) for part in (nn.Linear(32, 32), activation())]
    model = nn.Sequential(*parts, nn.Linear(32, 5))
    for layer in model[::2]:
        scheme(layer.weight)
        nn.init.zeros_(layer.bias)
    return model


def deep_convolutions() -> nn.Module:
    parts = [part for _ in range(25) for part in (nn.Conv2d(16, 16, 3, padding=1), nn.ReLU())]
    head = nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 5)
    return nn.Sequential(nn.Conv2d(3, 16, 3), nn.ReLU(), *parts, *head)


MLP, TANH = "mlp relu, he", "mlp tanh, xavier"
FAULTS: list[tuple[str, Callable[[nn.Module], None], str, str]] = [
    *((name, all_zero, "grave", "zeros")
      for name in (MLP, TANH, "convnet", "encoder", "bert", "gpt2", "vit", "llama")),
    *((name, all_constant, "grave", "symmetry")
      for name in (MLP, TANH, "convnet", "convnet batchnorm", "encoder", "bert", "gpt2", "llama",
                   "transformer")),
    (MLP, times(3), "grave", "scale"),
    (MLP, times(1 / 3), "warning", "scale"),
    (MLP, times(1e30), "grave", "finite"),
    ("mlp gelu, he", times(3), "grave", "scale"),
    (TANH, times(3), "warning", "saturated"),
    (TANH, times(10), "grave", "saturated"),
    (TANH, times(1 / 3), "warning", "scale"),
    ("convnet", times(10), "grave", "scale"),
    ("convnet", times(1 / 3), "warning", "scale"),
    ("bert", times(30), "grave", "saturated"),
    ("rnn", times(30), "grave", "saturated"),
    ("distilbert", times(1000), "warning", "loss"),
    (MLP, bias_of("2", -30.0), "grave", "dead"),
    (MLP, bias_of("2", 30.0), "warning", "bias"),
    ("convnet", bias_of("4", -30.0), "grave", "dead"),
    ("convnet batchnorm", bias_of("1", -30.0), "grave", "dead"),
    ("encoder", bias_of("layers.1.linear1", -30.0), "grave", "dead"),
    ("distilbert", bias_of("pre_classifier", -30.0), "grave", "dead"),
    ("opt", bias_of("model.decoder.layers.0.fc1", -30.0), "grave", "dead"),
    (TANH, bias_of("2", 30.0), "grave", "saturated"),
    ("bert", bias_of("bert.pooler.dense", 30.0), "grave", "saturated"),
    *((name, not_a_number, "grave", "finite") for name in (MLP, "lstm", "bert", "vit")),
]  # fmt: skip
NAMES = [f"{name}: {plant.__name__}" for name, plant, _, _ in FAULTS]


def said(model: nn.Module, batch: Any) -> dict[tuple[str, str], str]:
    """Return the mends of all findings, by gravity and principle."""
    return {(f.gravity, f.principle): f.mend for f in audit(model, batch).findings}


def draw(model: nn.Module, mend: str) -> None:
    """Execute the lines that mend, with random numbers of their own."""
    with torch.random.fork_rng():
        torch.manual_seed(5)
        exec(mend, {"torch": torch, "model": model})


@pytest.mark.parametrize(("name", "plant", "gravity", "principle"), FAULTS, ids=NAMES)
def test_a_planted_fault_is_named(
    name: str, plant: Callable[[nn.Module], None], gravity: str, principle: str
) -> None:
    model, batch = build(name)
    assert (gravity, principle) not in said(model, batch)
    plant(model)
    assert (gravity, principle) in said(model, batch)


@pytest.mark.parametrize(("name", "plant", "gravity", "principle"), FAULTS, ids=NAMES)
def test_the_lines_that_mend_a_fault_mend_it(
    name: str, plant: Callable[[nn.Module], None], gravity: str, principle: str
) -> None:
    model, batch = build(name)
    plant(model)
    for _ in range(3):  # one fault can hide another
        for finding in audit(model, batch).findings:
            if finding.gravity != "note":
                draw(model, finding.mend)
    assert audit(model, batch).grave == ()
    assert (gravity, principle) not in said(model, batch)


@pytest.mark.parametrize("depth", [10, 20, 30])
def test_xavier_under_relu_is_the_graver_the_deeper(depth: int) -> None:
    model = deep(nn.ReLU, depth, xavier)
    (finding,) = (f for f in audit(model, X).findings if f.principle == "scale")
    assert finding.gravity == {10: "note", 20: "warning", 30: "grave"}[depth]
    assert finding.chapter == "initialization/he"
    assert len(finding.layers) == depth
    draw(model, finding.mend)
    assert said(model, X).keys() <= {("warning", "dead")}


def test_xavier_under_tanh_and_he_under_relu_are_sound_at_any_depth() -> None:
    for depth in (2, 10, 30):
        assert said(deep(nn.Tanh, depth, xavier), X) == {}
        assert said(deep(nn.ReLU, depth, he), X).keys() <= {("warning", "dead")}


def test_tanh_asks_for_no_more_than_a_small_signal_needs() -> None:
    large_inputs = audit(deep(nn.Tanh, 3, xavier), 10 * X)  # critical gains of 9 and 1.4
    assert "scale" not in {finding.principle for finding in large_inputs.findings}


def test_a_scale_that_a_normalization_sets_anew_is_one_degree_less_grave() -> None:
    plain = deep(nn.ReLU, 6, he)
    normed = nn.Sequential(nn.LayerNorm(32), *plain[:-1], nn.LayerNorm(32), plain[-1])
    for layer in plain[::2]:
        layer.weight.data /= 10
    (before,), (after,) = (
        [finding.gravity for finding in audit(model, X).findings if finding.principle == "scale"]
        for model in (plain, normed)
    )
    assert (before, after) == ("grave", "warning")


def test_torch_s_default_fails_in_a_deep_convnet_and_normalization_forgives_it() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = deep_convolutions()
    parts = [
        [part, nn.BatchNorm2d(16)] if isinstance(part, nn.Conv2d) else [part] for part in model
    ]
    assert {("grave", "scale"), ("grave", "collapse")} & said(model, IMAGES).keys()
    assert audit(nn.Sequential(*(part for group in parts for part in group)), IMAGES).grave == ()


def test_sigmoid_layers_make_all_examples_alike() -> None:
    model = deep(nn.Sigmoid, 8, xavier)
    found = said(model, X)
    assert {("grave", "collapse"), ("grave", "scale")} <= found.keys()
    draw(model, found["grave", "collapse"])
    assert audit(model, X).grave == ()


def test_a_wrong_first_loss_is_named_with_its_guess() -> None:
    def loss(output: torch.Tensor) -> torch.Tensor:
        return cross_entropy(output, torch.arange(16) % 5)

    model = dense(nn.ReLU, he)
    model[-1].weight.data.mul_(30)
    (finding,) = audit(model, X, loss).findings
    assert (finding.gravity, finding.principle, finding.layers) == ("warning", "loss", ("8",))
    assert "ln 5 = 1.61" in finding.text
    draw(model, finding.mend)
    assert {f.gravity for f in audit(model, X, loss).findings} == {"note"}
