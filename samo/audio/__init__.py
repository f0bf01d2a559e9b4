"""From the bytes of an upload to mono samples at 16 kHz, in memory, and how good they are.

- `formats`: what is read, containers and codecs, and how a file of each begins
- `layout`: splits joined files and bounds what a container may hold, by the walkers `chunks` (WAV,
  AIFF, Wave64 and CAF), `boxes` (MP4), `ebml` (Matroska) and `ogg`
- `tags`: cuts out what is no sound
- `completeness`: whether all the sound is there that the file's own header states
- `refusals`: what an upload is that cannot be read, and what its sender can do
- `mixing`: channels to mono, and which of several tracks speaks
- `ffmpeg`: bounds on memory and reading
- `track`: the packets of one audio track, to mono
- `decoding`: `decode`, all of it together
- `quality`: `assess_quality`, level, noise, clipping
"""

from samo.audio.decoding import decode
from samo.audio.formats import READABLE_FORMATS
from samo.audio.quality import assess_quality
from samo.audio.sound import SAMPLE_RATE, Audio, Gap, Quality

__all__ = [
    "READABLE_FORMATS",
    "SAMPLE_RATE",
    "Audio",
    "Gap",
    "Quality",
    "assess_quality",
    "decode",
]
