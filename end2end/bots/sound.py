"""Sound of the telephone: G.711 µ-law, and sentences by espeak-ng at 8 kHz."""

import subprocess

RATE = 8_000


def mu_law(sample: int) -> int:
    """One sample as G.711 has it."""
    sign = 0x80 if sample < 0 else 0
    magnitude = min(abs(sample), 32_635) + 132
    exponent = magnitude.bit_length() - 8
    return ~(sign | exponent << 4 | magnitude >> (exponent + 3) & 0x0F) & 0xFF


def linear(code: int) -> int:
    code = ~code & 0xFF
    magnitude = (((code & 0x0F) << 3) + 132 << (code >> 4 & 7)) - 132
    return -magnitude if code & 0x80 else magnitude


LINEAR = [linear(code) for code in range(256)]


def as_bytes(samples: list[int]) -> bytes:
    return b"".join(sample.to_bytes(2, "little", signed=True) for sample in samples)


def spoken(text: str) -> list[int]:
    """espeak-ng's samples, brought from its own rate to ours."""
    wav = subprocess.run(["espeak-ng", "-v", "en-us", "--stdout", text], capture_output=True, check=True).stdout
    rate = int.from_bytes(wav[24:28], "little")
    sound = wav[44:]
    pairs = zip(sound[::2], sound[1::2])
    samples = [int.from_bytes(bytes(pair), "little", signed=True) for pair in pairs]
    step = rate / RATE
    width = max(1, round(step))
    starts = (int(n * step) for n in range(int(len(samples) / step) - width))
    return [sum(samples[at : at + width]) // width for at in starts]
