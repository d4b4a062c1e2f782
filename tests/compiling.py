import pytest
import torch

compiles_models = pytest.mark.skipif(
    torch.__version__.startswith("2.6."),
    reason="torch 2.6 compiles no model whose forward goes through transformers' can_return_tuple, BERT neither",
)
