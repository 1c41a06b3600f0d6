"""Random weights that any language can make again: element i of a tensor follows from the tensor's name and i alone.

z is SplitMix64 (Steele, Lea and Flood 2014) from the first 8 bytes of SHA-256(name); its upper 24 bits are u in -1..1. Matrices are
u * sqrt(3 / fan-in), so that signals keep their size; vectors that end in ".weight" or ".scale" (norms) are 1 + u / 10, others (biases) u / 20; tables
of positions, [1, places, width], are u.
"""
import hashlib
import math

import numpy

MASK = (1 << 64) - 1


def uniform(name: str, count: int) -> numpy.ndarray:
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "little")
    with numpy.errstate(over="ignore"):
        z = numpy.uint64(seed) + numpy.arange(1, count + 1, dtype=numpy.uint64) * numpy.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
        z = z ^ (z >> numpy.uint64(31))
    return (z >> numpy.uint64(40)).astype(numpy.float64) / (1 << 23) - 1


def weight(name: str, shape: list[int]) -> numpy.ndarray:
    u = uniform(name, math.prod(shape))
    if len(shape) == 3:
        values = u
    elif len(shape) > 1:
        values = u * math.sqrt(3 / (math.prod(shape) / shape[0]))
    elif name.endswith((".weight", ".scale")):
        values = 1 + u * 0.1
    else:
        values = u * 0.05
    return values.astype(numpy.float32).reshape(shape)
