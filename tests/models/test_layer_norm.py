from __future__ import annotations

import pytest
import torch

from models.layer_norm import LayerNorm


@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e4])
def test_spelled_out_it_is_torch_s_own(scale: float, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    norm = LayerNorm(48, eps=1e-12)
    torch.nn.init.normal_(norm.weight)
    torch.nn.init.normal_(norm.bias)
    x = scale * (torch.randn(3, 5, 48) + 2.0)
    wanted = norm(x)
    monkeypatch.setattr(torch.compiler, "is_exporting", lambda: True)
    torch.testing.assert_close(norm(x), wanted, atol=1e-5, rtol=1e-5)


def test_exported_it_is_no_layer_normalisation_any_more() -> None:
    program = torch.export.export(LayerNorm(8).eval(), (torch.zeros(2, 8),))
    called = {str(node.target) for node in program.graph.nodes}
    assert "aten.rsqrt.default" in called and not any("layer_norm" in name for name in called)
