"""The random numbers of vmrun in numpy, so that another program can be given the same: Philox4x32-10 (Salmon, Moraes, Dror and Shaw, SC 2011),
laid out as base/rng.h says."""
import numpy

STREAM_BATCH, SEQUENTIAL = 17, 255  # runtime/infer/batch.c; the attempt of what is drawn one after the other


def words(seed, stream, step, block, attempt=0):
    """Two words of 64 bits for each entry of the array `block`, and of `step`, where that is an array too."""
    low = numpy.uint64(0xffffffff)
    half = numpy.uint64(32)
    block, step = numpy.broadcast_arrays(numpy.asarray(block, numpy.uint64), numpy.asarray(step, numpy.uint64))
    c = [block & low, numpy.full_like(block, stream | attempt << 24), step & low, step >> half]
    k0, k1 = seed & 0xffffffff, seed >> 32
    for _ in range(10):
        p, q = c[0] * numpy.uint64(0xd2511f53), c[2] * numpy.uint64(0xcd9e8d57)
        c = [(q >> half) ^ c[1] ^ numpy.uint64(k0), q & low, (p >> half) ^ c[3] ^ numpy.uint64(k1), p & low]
        k0, k1 = (k0 + 0x9e3779b9) & 0xffffffff, (k1 + 0xbb67ae85) & 0xffffffff
    return c[0] | c[1] << half, c[2] | c[3] << half


def unit(word):
    """Numbers in (0, 1)."""
    return ((word >> numpy.uint64(12)).astype(float) + 0.5) * 2.0**-52


def normals(seed, stream, step, count):
    """The numbers 0 … count - 1 of a normal draw at a step: by Box and Muller (1958), the cosine before the sine."""
    u, v = map(unit, words(seed, stream, step, numpy.arange((count + 1) // 2)))
    radius, angle = numpy.sqrt(-2 * numpy.log(u)), 2 * numpy.pi * v
    return numpy.stack([radius * numpy.cos(angle), radius * numpy.sin(angle)], 1).ravel()[:count]


def orders(seed, count):
    """For each epoch the order in which mini-batches visit the rows 0 … count - 1, each a shuffle (Fisher and Yates) of the one before, by
    numbers below i as Lemire (2019) draws them."""
    order, block = list(range(count)), 0
    pending = []

    def word():
        nonlocal block, pending
        if not pending:
            at = numpy.arange(block, block + 4096, dtype=numpy.uint64)
            pairs = words(seed, STREAM_BATCH, at >> numpy.uint64(32), at & numpy.uint64(0xffffffff), SEQUENTIAL)
            pending = numpy.stack(pairs, 1).ravel().tolist()[::-1]
            block += 4096
        return pending.pop()

    def below(n):
        product = word() * n
        while product % 2**64 < (2**64 - n) % n:
            product = word() * n
        return product >> 64

    while True:
        for i in range(count, 1, -1):
            k = below(i)
            order[k], order[i - 1] = order[i - 1], order[k]
        yield list(order)
