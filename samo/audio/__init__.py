"""Decode the bytes of an upload to mono samples at 16 kHz, in memory, and assess their quality.

- `types`: `Audio` and `Gap`
- `formats`: supported containers and codecs, and their signatures
- `layout`: splits concatenated files and limits the size of their tables, with the parsers `chunks`
  (WAV, AIFF, Wave64 and CAF), `boxes` (MP4), `ebml` (Matroska) and `ogg`
- `tags`: removes metadata
- `completeness`: compares the duration with the one that the file's header declares
- `audio_errors`: errors that name the format of an unsupported upload, and a remedy
- `mixing`: mixes channels to mono and measures which track has speech
- `ffmpeg`: limits ffmpeg's memory and reading
- `track`: decodes the packets of one audio track
- `decoding`: `decode`, which uses all of the above
- `quality`: `measure_levels`: level, noise and clipping; `assess_quality`, which is based on them
"""

from samo.audio.decoding import decode
from samo.audio.formats import READABLE_FORMATS
from samo.audio.quality import assess_quality, measure_levels
from samo.audio.types import SAMPLE_RATE, Audio, AudioLevels, AudioQuality, Gap

__all__ = [
    "READABLE_FORMATS",
    "SAMPLE_RATE",
    "Audio",
    "AudioLevels",
    "AudioQuality",
    "Gap",
    "assess_quality",
    "decode",
    "measure_levels",
]
