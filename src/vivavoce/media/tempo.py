"""Slower or faster speech at the same pitch, for live streams (libavfilter, through PyAV)."""

import av
import numpy as np
from av.filter import Graph

from vivavoce.media.pcm import BYTES_PER_SAMPLE, RATE_HZ


class Tempo:
    """Changes the pace of one stream of 24 kHz 16-bit mono."""

    def __init__(self, speed: float) -> None:
        """Begin a stream.

        Args:
            speed: 0.25 to 4; at 1 nothing is done.
        """
        self._graph = None if speed == 1 else _graph(speed)
        self._n_samples = 0

    def push(self, data: bytes) -> bytes:
        """Take whole samples; return what they complete, perhaps nothing (about 50 ms wait)."""
        if self._graph is None or not data:
            return data
        samples = np.frombuffer(data, "<i2").reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate = RATE_HZ
        frame.pts = self._n_samples
        self._n_samples += len(data) // BYTES_PER_SAMPLE
        self._graph.push(frame)
        return _pulled(self._graph)

    def flush(self) -> bytes:
        """Return what was held back; the stream is over."""
        graph, self._graph = self._graph, None
        if graph is None or not self._n_samples:
            return b""
        graph.push(None)
        return _pulled(graph)


def _graph(speed: float) -> Graph:
    graph = Graph()
    source = graph.add_abuffer(sample_rate=RATE_HZ, format="s16", layout="mono")
    # One filter goes down to 0.5 only, so two in a row each do half of the way.
    first, second = (graph.add("atempo", f"{speed**0.5:.6f}") for _ in range(2))
    sink = graph.add("abuffersink")
    source.link_to(first)
    first.link_to(second)
    second.link_to(sink)
    graph.configure()
    return graph


def _pulled(graph: Graph) -> bytes:
    pieces: list[bytes] = []
    while True:
        try:
            frame = graph.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return b"".join(pieces)
        assert isinstance(frame, av.AudioFrame)
        pieces.append(frame.to_ndarray().tobytes())
