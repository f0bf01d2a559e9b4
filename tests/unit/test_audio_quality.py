import numpy as np
import pytest

from samo.audio import SAMPLE_RATE, Audio, assess_quality, measure_levels


def spoken(noise, gain=1.0, clip=1.0):
    """Syllables of a voiced sound with pauses, over noise."""
    random = np.random.default_rng(0)
    time = np.arange(5 * SAMPLE_RATE) / SAMPLE_RATE
    voiced = sum(np.sin(2 * np.pi * 120 * k * time) / k for k in range(1, 20))
    syllables = (np.sin(2 * np.pi * 1.5 * time) > 0).astype(float)
    samples = 0.2 * voiced * syllables + random.normal(0, noise, len(time))
    return Audio(
        np.clip(samples * gain, -clip, clip).astype(np.float32), SAMPLE_RATE, "wav", "pcm_s16le"
    )


@pytest.mark.parametrize(
    ("audio", "quality"),
    [
        (spoken(noise=0.001), "excellent"),
        (spoken(noise=0.02), "good"),
        (spoken(noise=0.05), "fair"),
        (spoken(noise=0.3), "poor"),
        (spoken(noise=0.001, gain=0.02), "fair"),
        (spoken(noise=0.001, gain=0.001), "poor"),
        (spoken(noise=0.001, gain=20.0), "poor"),
        (Audio(np.zeros(SAMPLE_RATE, np.float32), SAMPLE_RATE, "wav", "pcm_s16le"), "poor"),
        (Audio(np.zeros(100, np.float32), SAMPLE_RATE, "wav", "pcm_s16le"), "poor"),
    ],
    ids=[
        "clean",
        "some noise",
        "noisy",
        "drowned",
        "faint",
        "inaudible",
        "clipped",
        "silent",
        "short",
    ],
)
def test_quality_follows_level_noise_and_clipping(audio, quality):
    assert assess_quality(measure_levels(audio)) == quality
