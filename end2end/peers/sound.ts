/**
 * Sound as numbers: writes the tones peers speak with and measures what they heard.
 * Knows nothing of calls. 16-bit PCM WAV only, which is what every peer here writes.
 */
import { readFileSync, writeFileSync } from "node:fs";

export interface Sound {
  rate: number;
  /** One array of samples per channel, from -1 to 1. */
  channels: Float64Array[];
}

export interface Measure {
  seconds: number;
  /** Root mean square over the whole, 0 to 1. */
  rms: number;
  /** Seconds in which something louder than the noise floor was heard. */
  loudSeconds: number;
}

const FLOOR = 0.01;

/** A steady tone on one channel. */
export function writeTone(path: string, hertz: number, seconds: number, rate = 8_000): void {
  const count = Math.round(seconds * rate);
  const data = Buffer.alloc(count * 2);
  for (let i = 0; i < count; i += 1) {
    data.writeInt16LE(Math.round(Math.sin((2 * Math.PI * hertz * i) / rate) * 0.4 * 32_767), i * 2);
  }
  writeWav(path, rate, data);
}

export function writeSilence(path: string, seconds: number, rate = 8_000): void {
  writeWav(path, rate, Buffer.alloc(Math.round(seconds * rate) * 2));
}

/** The same tone as raw µ-law, for SIPp's `rtp_stream`. */
export function writeMuLawTone(path: string, hertz: number, seconds: number): void {
  const rate = 8_000;
  const data = Buffer.alloc(Math.round(seconds * rate));
  for (let i = 0; i < data.length; i += 1) {
    data[i] = muLaw(Math.round(Math.sin((2 * Math.PI * hertz * i) / rate) * 0.4 * 32_767));
  }
  writeFileSync(path, data);
}

/** ITU-T G.711, the reference way. */
function muLaw(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0;
  const biased = Math.min(Math.abs(sample), 32_635) + 0x84;
  let exponent = 7;
  for (let mask = 0x4000; exponent > 0 && (biased & mask) === 0; mask >>= 1) exponent -= 1;
  const mantissa = (biased >> (exponent + 3)) & 0x0f;
  return ~(sign | (exponent << 4) | mantissa) & 0xff;
}

function writeWav(path: string, rate: number, data: Buffer): void {
  const head = Buffer.alloc(44);
  head.write("RIFF", 0, "ascii");
  head.writeUInt32LE(36 + data.length, 4);
  head.write("WAVEfmt ", 8, "ascii");
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(rate * 2, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write("data", 36, "ascii");
  head.writeUInt32LE(data.length, 40);
  writeFileSync(path, Buffer.concat([head, data]));
}

export function readWav(path: string): Sound {
  return parseWav(readFileSync(path));
}

/** Walks the chunks; a length that a killed writer never filled in reaches to the end. */
export function parseWav(file: Buffer): Sound {
  if (file.toString("ascii", 0, 4) !== "RIFF") throw new Error("no RIFF file");
  let channels = 1;
  let rate = 8_000;
  for (let at = 12; at + 8 <= file.length; ) {
    const kind = file.toString("ascii", at, at + 4);
    const size = file.readUInt32LE(at + 4);
    const body = at + 8;
    if (kind === "fmt ") {
      const [format, bits] = [file.readUInt16LE(body), file.readUInt16LE(body + 14)];
      if ((format !== 1 && format !== 0xfffe) || bits !== 16) throw new Error(`WAV format ${format}, ${bits} bits`);
      channels = file.readUInt16LE(body + 2);
      rate = file.readUInt32LE(body + 4);
    } else if (kind === "data") {
      const end = size === 0 || body + size > file.length ? file.length : body + size;
      return { rate, channels: split(file.subarray(body, end), channels) };
    }
    at = body + size + (size % 2);
  }
  throw new Error("WAV without a data chunk");
}

function split(data: Buffer, channels: number): Float64Array[] {
  const frames = Math.floor(data.length / 2 / channels);
  return Array.from({ length: channels }, (_, channel) =>
    Float64Array.from({ length: frames }, (_, frame) => data.readInt16LE((frame * channels + channel) * 2) / 32_768),
  );
}

export function measure(samples: Float64Array, rate: number): Measure {
  const window = Math.round(rate / 50);
  let total = 0;
  let loud = 0;
  for (let at = 0; at < samples.length; at += window) {
    const energy = sumOfSquares(samples.subarray(at, at + window));
    total += energy;
    if (Math.sqrt(energy / window) > FLOOR) loud += 1;
  }
  return {
    seconds: samples.length / rate,
    rms: samples.length === 0 ? 0 : Math.sqrt(total / samples.length),
    loudSeconds: (loud * window) / rate,
  };
}

/** Goertzel: seconds in which this tone holds most of the energy, window by window. */
export function toneSeconds(samples: Float64Array, rate: number, hertz: number): number {
  const window = Math.round(rate / 10);
  let found = 0;
  for (let at = 0; at + window <= samples.length; at += window) {
    const part = samples.subarray(at, at + window);
    const energy = sumOfSquares(part);
    if (Math.sqrt(energy / window) > FLOOR && goertzel(part, rate, hertz) > 0.5 * energy) found += 1;
  }
  return (found * window) / rate;
}

/** The energy at one frequency, on the scale of `sumOfSquares`. */
function goertzel(samples: Float64Array, rate: number, hertz: number): number {
  const k = 2 * Math.cos((2 * Math.PI * hertz) / rate);
  let [last, before] = [0, 0];
  for (const sample of samples) {
    const next = sample + k * last - before;
    before = last;
    last = next;
  }
  return (2 * (last * last + before * before - k * last * before)) / samples.length;
}

function sumOfSquares(samples: Float64Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return sum;
}
