import numpy as np
import pytest

from runners.errors import UnsupportedAudio
from samo.audio import SAMPLE_RATE, decode
from samo.audio.mixing import mix, speech_energy
from tests.recordings import encode, syllables, tone, tracks, wav

SPEECH = syllables(4.0, SAMPLE_RATE, amplitude=0.3)
NOISE = np.random.default_rng(0).normal(0, 0.3, len(SPEECH)).astype(np.float32)
SILENCE = np.zeros_like(SPEECH)


def energy(samples):
    return float(np.mean(np.square(samples)))


def likeness(one, other):
    """1 for the same sound, -1 for its inverse."""
    return float(np.corrcoef(one, other)[0, 1])


HALF = len(SPEECH) // 2
OTHER = np.roll(syllables(4.0, SAMPLE_RATE, amplitude=0.3), 2700)[::-1] * 0.5
TURNS = np.concatenate([np.ones(HALF), -np.ones(len(SPEECH) - HALF)]).astype(np.float32)


@pytest.mark.parametrize(
    "channels",
    [
        (SPEECH,),
        (SPEECH, SPEECH),
        (SPEECH, SILENCE),
        (SILENCE, SPEECH),
        (SPEECH, -SPEECH),
        (SPEECH, -0.8 * SPEECH),
        (0.5 * SPEECH, -SPEECH),
        (SPEECH, SPEECH * TURNS),
        (SILENCE, SILENCE, SPEECH, SILENCE, SILENCE, SILENCE),
        (SPEECH, -SPEECH, SPEECH, -SPEECH),
        (SPEECH, NOISE),
        (np.clip(9 * NOISE, -1, 1), SPEECH),
        (SPEECH, SILENCE + 0.9),
        (SPEECH, tone(4.0, SAMPLE_RATE, 50.0, 0.9)),
        (SPEECH + 0.4,),
        (SPEECH + 0.4, SPEECH - 0.4),
    ],
    ids=[
        "mono",
        "the same",
        "right silent",
        "left silent",
        "inverse",
        "inverse, quieter",
        "inverse, louder",
        "inverse in the second half",
        "centre of 5.1",
        "two inverse pairs",
        "noise",
        "clipped noise",
        "stuck at an offset",
        "hum",
        "offset",
        "offsets",
    ],
)
def test_the_speech_is_kept_at_its_level(channels):
    mixed = mix(np.stack(channels, axis=1).astype(np.float32))
    assert abs(likeness(mixed, SPEECH)) > 0.98
    assert energy(mixed) == pytest.approx(energy(SPEECH), rel=0.1)
    assert np.abs(mixed).max() <= 1.0


def test_two_speakers_with_a_channel_each_are_both_heard():
    mixed = mix(np.stack([SPEECH, OTHER], axis=1))
    alone = [np.dot(mixed, part) / np.dot(part, part) for part in (SPEECH, OTHER)]
    assert min(alone) > 0.5


def test_a_speaker_who_says_little_is_heard():
    little = np.zeros_like(SPEECH)
    little[1000:4000] = OTHER[1000:4000]
    mixed = mix(np.stack([SPEECH, little], axis=1))
    assert np.dot(mixed, little) / np.dot(little, little) > 0.5


def test_full_scale_does_not_clip():
    loud = syllables(1.0, SAMPLE_RATE, amplitude=1.0)
    assert mix(np.stack([loud, loud], axis=1)) == pytest.approx(loud, abs=1e-5)
    assert np.abs(mix(np.stack([loud, loud[::-1]], axis=1))).max() <= 1.0


@pytest.mark.parametrize("shape", [(0, 2), (1, 2), (100, 3), (0, 1)])
def test_very_short_sounds_are_mixed(shape):
    assert mix(np.full(shape, 0.5, np.float32)).shape == shape[:1]


def test_opposite_channels_of_a_file_are_heard():
    speech = syllables(3.0)
    audio = decode(encode("webm", "libopus", layout="stereo", samples=np.stack([speech, -speech])))
    assert energy(audio.samples) == pytest.approx(energy(speech), rel=0.1)


def test_stereo_is_as_loud_as_mono():
    both = encode("flac", "flac", layout="stereo", samples=np.stack([syllables(3.0)] * 2))
    one = encode("flac", "flac", samples=syllables(3.0)[None, :])
    assert decode(both).samples == pytest.approx(decode(one).samples, abs=1e-4)


@pytest.mark.parametrize("channels", range(1, 9))
@pytest.mark.parametrize("codec", ["pcm_s16le", "flac"])
def test_up_to_eight_channels_are_read(channels, codec):
    layouts = ["mono", "stereo", "2.1", "4.0", "5.0", "5.1", "6.1", "7.1"]
    samples = np.zeros((channels, len(syllables())), np.float32)
    samples[channels - 1] = syllables()
    container = "flac" if codec == "flac" else "wav"
    audio = decode(encode(container, codec, layout=layouts[channels - 1], samples=samples))
    assert energy(audio.samples) == pytest.approx(energy(syllables()), rel=0.1)


@pytest.mark.parametrize("channels", [9, 16, 64, 255])
def test_more_channels_are_refused_by_their_number(channels):
    data = wav(np.zeros(1600 * channels, "<i2"), channels=channels)
    with pytest.raises(UnsupportedAudio, match=f"has {channels} channels: send it with at most 8"):
        decode(data)


def test_sixty_bytes_of_eight_channels_are_read():
    assert decode(wav(np.zeros(8, "<i2"), channels=8)).duration == pytest.approx(1 / SAMPLE_RATE)


QUIET = syllables(2.0, amplitude=0.05)
STEADY = np.random.default_rng(0).normal(0, 0.2, len(QUIET)).astype(np.float32)


@pytest.mark.parametrize("others", [[np.zeros_like(QUIET)], [STEADY], [np.zeros_like(QUIET)] * 3])
@pytest.mark.parametrize("place", [0, -1])
@pytest.mark.parametrize("container", ["ipod", "matroska"])
def test_of_several_tracks_the_one_that_speaks_is_heard(others, place, container):
    sounds = [*others, QUIET] if place else [QUIET, *others]
    audio = decode(tracks(*sounds, container=container))
    assert energy(audio.samples) == pytest.approx(energy(QUIET), rel=0.15)


def test_the_first_of_two_tracks_alike_is_heard():
    first, second = syllables(2.0), syllables(2.0)[::-1]
    audio = decode(tracks(first, second))
    heard = audio.samples[: 2 * SAMPLE_RATE]
    assert speech_energy(heard) > 0
    third = len(first) // 3
    assert likeness(np.abs(heard[::3][: third // 3]), np.abs(first[::9][: third // 3])) > 0


def test_a_short_track_does_not_hide_a_long_one():
    greeting, entry = syllables(0.5), syllables(3.0)
    assert decode(tracks(greeting, entry)).duration == pytest.approx(3.0, abs=0.1)


def test_too_many_tracks_are_refused():
    with pytest.raises(UnsupportedAudio, match="9 audio tracks: send one"):
        decode(tracks(*[tone(0.2)] * 9))


@pytest.mark.parametrize(
    ("sound", "speaks"),
    [(SPEECH, True), (0.01 * SPEECH, True), (SILENCE, False), (NOISE, False), (SILENCE + 1, False)],
    ids=["speech", "quiet speech", "silence", "noise", "offset"],
)
def test_speech_has_energy_above_its_noise_floor(sound, speaks):
    assert (speech_energy(sound) > 0.5 * energy(sound) > 0) is speaks
