"""Writes the samples of the measurements as Rerun recordings: ten_millions.rrd and one.rrd in the folder that is named."""

import sys
from pathlib import Path

import numpy as np
import rerun as rr

SIGNALS, SECONDS, BEGIN = 1000, 10_000, 1_769_860_800


def write(path: Path, signals: int, seconds: int) -> None:
    recording = rr.RecordingStream("figures")
    recording.save(path)
    random = np.random.default_rng(7)
    for signal in range(signals):
        times = BEGIN + np.arange(seconds) + random.random(seconds) * 3e-4
        values = np.round(np.cumsum(random.random(seconds) - 0.5), 2)
        recording.send_columns(
            f"plant/s{signal:04}",
            indexes=[rr.TimeColumn("received", timestamp=times)],
            columns=rr.Scalars.columns(scalars=values),
        )
    recording.flush()
    recording.disconnect()


folder = Path(sys.argv[1])
write(folder / "ten_millions.rrd", SIGNALS, SECONDS)
write(folder / "one.rrd", 1, 1)
