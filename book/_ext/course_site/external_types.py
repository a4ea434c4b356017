"""Links from the API page to the documentation of NumPy, PyTorch, xarray, Matplotlib and Python.

A small table instead of their inventories, so that building needs no network.
"""

from __future__ import annotations

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

NUMPY = "https://numpy.org/doc/stable/reference/"
TORCH = "https://docs.pytorch.org/docs/stable/"
XARRAY = "https://docs.xarray.dev/en/stable/generated/"
MATPLOTLIB = "https://matplotlib.org/stable/api/"
PYTHON = "https://docs.python.org/3/library/"

PAGES = {
    "numpy.ndarray": NUMPY + "generated/numpy.ndarray.html",
    "numpy.random.Generator": NUMPY + "random/generator.html",
    "numpy.typing.ArrayLike": NUMPY + "typing.html#numpy.typing.ArrayLike",
    "torch.Tensor": TORCH + "tensors.html",
    "torch.Generator": TORCH + "generated/torch.Generator.html",
    "torch.device": TORCH + "tensor_attributes.html#torch.device",
    "torch.nn.Module": TORCH + "generated/torch.nn.Module.html",
    "torch.nn.Sequential": TORCH + "generated/torch.nn.Sequential.html",
    "torch.optim.Optimizer": TORCH + "optim.html#torch.optim.Optimizer",
    "torch.optim.lr_scheduler.LRScheduler": TORCH + "optim.html#how-to-adjust-learning-rate",
    "xarray.DataArray": XARRAY + "xarray.DataArray.html",
    "xarray.Dataset": XARRAY + "xarray.Dataset.html",
    "matplotlib.axes.Axes": MATPLOTLIB + "_as_gen/matplotlib.axes.Axes.html",
    "matplotlib.axes.Axes.plot": MATPLOTLIB + "_as_gen/matplotlib.axes.Axes.plot.html",
    "matplotlib.axes.Axes.set": MATPLOTLIB + "_as_gen/matplotlib.axes.Axes.set.html",
    "matplotlib.figure.Figure": MATPLOTLIB + "_as_gen/matplotlib.figure.Figure.html",
    "pandas.DataFrame": "https://pandas.pydata.org/docs/reference/api/pandas.DataFrame.html",
    "ipywidgets.Widget": "https://ipywidgets.readthedocs.io/en/stable/",
    "tqdm.tqdm": "https://tqdm.github.io/docs/tqdm/",
    "types.MappingProxyType": PYTHON + "types.html#types.MappingProxyType",
    "typing.Any": PYTHON + "typing.html#typing.Any",
    **{
        f"collections.abc.{name}": f"{PYTHON}collections.abc.html#collections.abc.{name}"
        for name in ("Callable", "Iterable", "Iterator", "Mapping", "Sequence")
    },
}

# The names by which Python itself knows some of these, or by which our sources call them.
OTHER_NAMES = {
    "numpy.random._generator.Generator": "numpy.random.Generator",
    "torch._C.Generator": "torch.Generator",
    "torch.nn.modules.module.Module": "torch.nn.Module",
    "torch.nn.modules.container.Sequential": "torch.nn.Sequential",
    "torch.optim.optimizer.Optimizer": "torch.optim.Optimizer",
    "xarray.core.dataarray.DataArray": "xarray.DataArray",
    "xarray.core.dataset.Dataset": "xarray.Dataset",
    "matplotlib.axes._axes.Axes": "matplotlib.axes.Axes",
    "ipywidgets.widgets.widget.Widget": "ipywidgets.Widget",
    "tqdm.asyncio.tqdm_asyncio": "tqdm.tqdm",
    "mappingproxy": "types.MappingProxyType",
    "t.Any": "typing.Any",
    "np.ndarray": "numpy.ndarray",
    "np.random.Generator": "numpy.random.Generator",
    "nn.Module": "torch.nn.Module",
    "ArrayLike": "numpy.typing.ArrayLike",
    "Axes": "matplotlib.axes.Axes",
    "Figure": "matplotlib.figure.Figure",
}


def link(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, content: nodes.TextElement
) -> nodes.reference | None:
    """Resolve a reference to a name of another library; None leaves it to Sphinx."""
    name = node.get("reftarget", "")
    address = PAGES.get(OTHER_NAMES.get(name, name))
    if node.get("refdomain") != "py" or address is None:
        return None
    return nodes.reference("", "", content, internal=False, refuri=address)


def setup(app: Sphinx) -> None:
    """Register with Sphinx."""
    app.connect("missing-reference", link)
