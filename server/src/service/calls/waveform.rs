//! Looks into a recording at a few moments, so that an hour is drawn as soon as a minute.

use std::io::{BufReader, Read, Seek};

use app::domain::waveform::Waveform;
use hound::WavReader;

/// Moments looked at.
const BARS: u32 = 160;
/// Of each, so much is heard.
const WINDOW_MS: u32 = 40;

/// Nothing where the file is none that can be read: a drawing is no reason to fail.
pub(super) fn read(recording: impl Read + Seek) -> Option<Waveform> {
    let mut reader = WavReader::new(BufReader::new(recording)).ok()?;
    let spec = reader.spec();
    let frames = reader.duration();
    if spec.channels != 2 || spec.bits_per_sample != 16 || spec.sample_rate == 0 || frames == 0 {
        return None;
    }
    let milliseconds = u64::from(frames) * 1000 / u64::from(spec.sample_rate);
    let window = spec.sample_rate / 1000 * WINDOW_MS;
    let mut wave = Waveform {
        duration_ms: u32::try_from(milliseconds).unwrap_or(u32::MAX),
        ..Waveform::default()
    };
    for bar in 0..BARS {
        let at = u64::from(frames) * u64::from(bar) / u64::from(BARS);
        let (caller, agent) = loudest(&mut reader, u32::try_from(at).ok()?, window)?;
        wave.caller.push(caller);
        wave.agent.push(agent);
    }
    Some(wave)
}

/// The highest peak of each side within a window: caller left, agent right.
fn loudest<R: Read + Seek>(
    reader: &mut WavReader<BufReader<R>>,
    at: u32,
    window: u32,
) -> Option<(u8, u8)> {
    reader.seek(at).ok()?;
    let mut peaks = [0_u16; 2];
    let samples = reader.samples::<i16>().take(window as usize * 2);
    for (place, sample) in samples.enumerate() {
        let Some(peak) = peaks.get_mut(place % 2) else {
            continue;
        };
        *peak = (*peak).max(sample.ok()?.unsigned_abs());
    }
    let small = |peak: u16| u8::try_from(peak >> 7).unwrap_or(u8::MAX);
    Some((small(peaks[0]), small(peaks[1])))
}

#[cfg(test)]
mod tests {
    use hound::{SampleFormat, WavSpec, WavWriter};

    use super::*;

    #[test]
    fn each_side_is_as_loud_as_it_was_where_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wav");
        let spec = WavSpec {
            channels: 2,
            sample_rate: 8000,
            bits_per_sample: 16,
            sample_format: SampleFormat::Int,
        };
        let mut writer = WavWriter::create(&path, spec).unwrap();
        // The caller talks in the first half of ten seconds, the agent in the second.
        for frame in 0..80_000 {
            let first = frame < 40_000;
            writer
                .write_sample(if first { i16::MIN } else { 0 })
                .unwrap();
            writer
                .write_sample(if first { 0_i16 } else { 12_800 })
                .unwrap();
        }
        writer.finalize().unwrap();
        let wave = read(std::fs::File::open(&path).unwrap()).unwrap();
        assert_eq!(wave.duration_ms, 10_000);
        assert_eq!((wave.caller.len(), wave.agent.len()), (160, 160));
        assert_eq!((wave.caller[10], wave.agent[10]), (255, 0));
        assert_eq!((wave.caller[150], wave.agent[150]), (0, 100));

        assert_eq!(read(std::io::Cursor::new(b"no audio")), None);
    }
}
