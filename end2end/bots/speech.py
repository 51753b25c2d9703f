"""A sentence of espeak-ng's as a WAV file at 8 kHz: speech.py FILE TEXT SECONDS_BEFORE SECONDS_AFTER"""

import sys
import wave

from sound import RATE, as_bytes, spoken

path, text, before, after = sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4])
with wave.open(path, "wb") as file:
    file.setnchannels(1)
    file.setsampwidth(2)
    file.setframerate(RATE)
    quiet = lambda seconds: [0] * int(seconds * RATE)
    file.writeframes(as_bytes(quiet(before) + spoken(text) + quiet(after)))
