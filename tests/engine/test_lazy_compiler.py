"""torch's compiler, if it is loaded late, is what it is if it is loaded at once."""

import subprocess
import sys

import pytest

START = """
import sys

import torch

from brushctl.engine.lazy_compiler import let_compiler_wait

if sys.argv[1] == "late":
    let_compiler_wait()
import torch._dynamo


def is_loaded():
    return "torch._dynamo.eval_frame" in sys.modules


assert is_loaded() == (sys.argv[1] == "at once")


@torch._dynamo.allow_in_graph
def allowed(x):
    return x + 1


@torch._dynamo.assume_constant_result
def constant():
    return 2


@torch.compiler.disable
def plain(x):
    return x + 1


class Model:
    @torch.compiler.disable()
    def plain(self, x):
        return x + 1


assert allowed(1) == plain(1) == Model().plain(1) == constant() == 2
assert plain.__name__ == "plain"
assert is_loaded() == (sys.argv[1] == "at once")
"""
MARKS = """
from torch._dynamo import trace_rules, variables
from torch._dynamo.testing import CompileCounter, EagerAndRecordGraphs

assert constant._dynamo_marked_constant
assert trace_rules.lookup_callable(allowed) is variables.TorchInGraphFunctionVariable
recorded = EagerAndRecordGraphs()
torch.compile(lambda x: allowed(x) * constant(), backend=recorded)(torch.ones(2))
(graph,) = recorded.graphs
assert any(node.target is allowed for node in graph.graph.nodes)

for not_compiled in (plain, Model().plain):
    counter = CompileCounter()
    result = torch.compile(lambda x: not_compiled(x * 2) * 2, backend=counter)(torch.ones(2))
    assert result.tolist() == [6, 6]
    assert counter.frame_count == 2  # before and after it
"""
USES = {
    "an attribute": "torch._dynamo.reset()",
    "a submodule": "import torch._dynamo.eval_frame\nassert torch._dynamo.eval_frame.innermost_fn",
    "a submodule that nothing else imports": "import torch._dynamo.testing",
    "a submodule of a submodule": "from torch._dynamo.backends.registry import list_backends",
    "compiling": "assert torch.compile(lambda x: x + 1, backend='eager')(torch.ones(1)) == 2",
}


def run(program: str, when: str) -> None:
    subprocess.run([sys.executable, "-c", program, when], check=True)


@pytest.mark.parametrize("when", ["late", "at once"])
def test_what_is_marked_before_it_is_loaded_is_marked_afterwards(when: str) -> None:
    run(START + MARKS, when)


@pytest.mark.parametrize("use", USES)
def test_it_is_loaded_with_whatever_is_needed_first(use: str) -> None:
    once = """
assert is_loaded()
own = sys.modules["torch._dynamo.eval_frame"]
assert torch._dynamo.eval_frame is own
assert torch._dynamo.decorators.innermost_fn is own.innermost_fn
assert own.__spec__.origin == own.__file__
"""
    run(f"{START}{USES[use]}{once}", "late")


def test_what_is_marked_later_is_marked_at_once() -> None:
    after = """
mark, disable = torch._dynamo.allow_in_graph, torch._dynamo.disable
torch._dynamo.reset()


@mark
def late(x):
    return x


assert id(late) in torch._dynamo.trace_rules._allowed_callable_ids
assert disable(lambda: 3)() == 3
"""
    run(START + after, "late")
