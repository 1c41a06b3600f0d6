"""Attention as one operator of ONNX Runtime's, MultiHeadAttention, in place of a dozen: it never holds the products of all tokens with all
others, which of a large picture are gigabytes, on a CPU and on a GPU."""
import contextlib

import torch

WRITTEN_OUT = torch.nn.functional.scaled_dot_product_attention


class MultiHeadAttention(torch.autograd.Function):
    """[batch, heads, tokens, size] each; the operator has heads and size in one, behind the tokens."""

    @staticmethod
    def forward(ctx, query, key, value, heads, size):
        return WRITTEN_OUT(query, key, value)

    @staticmethod
    def symbolic(graph, query, key, value, heads, size):
        def reshaped(states, *sides):
            # batches stay, and tokens are what is left
            return graph.op("Reshape", states, graph.op("Constant", value_t=torch.tensor([0, -1, *sides])))

        def swapped(states):
            return graph.op("Transpose", states, perm_i=[0, 2, 1, 3])

        joined = (reshaped(swapped(each), heads * size) for each in (query, key, value))
        states = graph.op("com.microsoft::MultiHeadAttention", *joined, num_heads_i=heads)
        return swapped(reshaped(states, heads, size)).setType(query.type())


def _attention(query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False, scale=None, **others):
    if attn_mask is not None or is_causal or scale is not None or any(others.values()):
        raise ValueError("attention with a mask or a scale of its own is not known")
    _, heads, _, size = (int(side) for side in query.shape)
    if heads == 1:
        # an autoencoder's, as wide as its channels: nothing was gained on a CPU, and GPUs have no kernel for it
        return WRITTEN_OUT(query, key, value)
    return MultiHeadAttention.apply(query, key, value, heads, size)


@contextlib.contextmanager
def as_one_operator():
    """While it lasts, PyTorch's scaled_dot_product_attention is exported so."""
    torch.nn.functional.scaled_dot_product_attention = _attention
    try:
        yield
    finally:
        torch.nn.functional.scaled_dot_product_attention = WRITTEN_OUT
