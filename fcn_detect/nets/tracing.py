"""From a module to a graph of its operations, with what each of them gives on crops."""

from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.fx.node import map_aggregate, map_arg
from torch.utils import _pytree as pytree

from fcn_detect.errors import ConversionError, first_line
from fcn_detect.nets.normalize import Normalize

HW = tuple[int, int]

# Two, so that an operation which mixes the images of a batch can be told.
BATCH = 2


class _Tracer(fx.Tracer):
    """Keeps torch's own layers and `Normalize` whole; looks into all others."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        # A user's class that has the forward of a torch layer is as whole as that layer.
        owner = getattr(type(m).forward, "__module__", "")
        inherited = owner.startswith("torch.nn.modules.") and not owner.endswith(".container")
        whole = inherited or isinstance(m, Normalize)
        return whole or super().is_leaf_module(m, module_qualified_name)

    def call_module(
        self, m: nn.Module, forward: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        try:
            return super().call_module(m, forward, args, kwargs)
        except ConversionError:
            raise
        except Exception as error:  # whatever the user's own forward raises on a symbolic input
            path = self.path_of_module(m)
            raise ConversionError(path, f"cannot be traced: {first_line(error)}") from error

    def create_args_for_root(
        self, root_fn: Any, is_module: bool, concrete_args: Any = None
    ) -> tuple[Any, list[Any]]:
        """Only the crops are symbolic: further arguments keep their defaults."""
        function, args = super().create_args_for_root(root_fn, is_module, concrete_args)
        return function, [_default(arg) for arg in args]


def _default(arg: Any) -> Any:
    """What stands for an argument of the classifier: its default, where it has one."""
    defaults = arg.node.args if isinstance(arg, fx.Proxy) else ()
    return defaults[0] if defaults else arg


def trace(classifier: nn.Module, crop_hw: HW) -> fx.GraphModule:
    """The classifier as a graph; each node's `meta["on_crop"]` is its result on two crops.

    What is not made from the pixels (sizes, weights) stands there as it is; a tensor made from
    the pixels is given as an empty one of its shape.

    torch.fx is used, not torch.export: it keeps the layers, their names and their parameters,
    so that the converted net reads like the original and a refusal can name a layer; and a
    reshape or a flatten stays what the author wrote, not a constant number of elements.

    Raises:
        ConversionError: the module's Python code depends on values, or it rejects the crop.
    """
    try:
        graph = _Tracer().trace(classifier)
    except ConversionError:
        raise
    except Exception as error:  # whatever the user's own forward raises on a symbolic input
        raise ConversionError("", f"the module cannot be traced: {first_line(error)}") from error
    traced = fx.GraphModule(classifier, graph)
    try:
        with torch.no_grad():
            _OnCrop(traced).run(_example(classifier, crop_hw))
    except ConversionError:
        raise
    except Exception as error:  # whatever a layer or the user's own code raises
        raise ConversionError(
            "", f"the classifier rejects a crop of {crop_hw[1]}x{crop_hw[0]}: {first_line(error)}"
        ) from error
    return traced


def layer_path(node: fx.Node) -> str:
    """The dotted path of the layer that a node belongs to; a function of the root: its name."""
    if node.op in ("call_module", "get_attr"):
        return str(node.target)
    stack = node.meta.get("nn_module_stack")
    owner = str(next(reversed(stack.values()))[0]) if stack else ""
    return owner or node.name


class _OnCrop(fx.Interpreter):
    """Runs the graph once and notes each result.

    Where a layer works in place, later readers of its input are led to its output: they share
    their memory, and from here on no order of execution is left to depend on.
    """

    def __init__(self, traced: fx.GraphModule) -> None:
        super().__init__(traced, garbage_collect_values=False)
        self.extra_traceback = False
        self._versions: dict[fx.Node, int] = {}
        self._latest: dict[int, fx.Node] = {}
        self._from_pixels: set[fx.Node] = set()

    def run_node(self, n: fx.Node) -> Any:
        n.args = map_arg(n.args, self._current)
        n.kwargs = map_arg(n.kwargs, self._current)
        value = super().run_node(n)
        if isinstance(value, Tensor):
            self._versions[n], self._latest[id(value)] = value._version, n
        n.meta["on_crop"] = value
        if n.op == "placeholder" or self._from_pixels.intersection(n.all_input_nodes):
            n.meta["on_crop"] = map_aggregate(value, _shape_only)
            if any(isinstance(leaf, Tensor) for leaf in pytree.tree_leaves(value)):
                self._from_pixels.add(n)
        return value

    def _current(self, node: fx.Node) -> fx.Node:
        """The node that holds what the memory of this one holds by now."""
        value = self.env.get(node)
        if not isinstance(value, Tensor) or value._version == self._versions[node]:
            return node
        latest = self._latest[id(value)]
        if value._version != self._versions[latest]:
            raise ConversionError(
                layer_path(node), "a part of its output is changed in place, and then used again"
            )
        return latest


def _shape_only(value: Any) -> Any:
    return torch.empty_like(value, device="meta") if isinstance(value, Tensor) else value


def _example(classifier: nn.Module, crop_hw: HW) -> Tensor:
    """Black crops of the classifier's own type, device and channels."""
    like = next(classifier.parameters(), torch.zeros(()))
    layers = [m for m in classifier.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    first = next((m for m in layers if isinstance(m, nn.Conv2d)), None)
    channels = first.in_channels if first else _channels_of_a_head(layers, crop_hw)
    return torch.zeros(BATCH, channels, *crop_hw, dtype=like.dtype, device=like.device)


def _channels_of_a_head(layers: list[Any], crop_hw: HW) -> int:
    """A dense layer may take a whole feature map, flattened; fewer than 3 come of a pooling."""
    channels, rest = divmod(layers[0].in_features, crop_hw[0] * crop_hw[1]) if layers else (3, 0)
    return channels if channels > 3 and not rest else 3
