use std::path::PathBuf;

use super::*;

/// Three pieces and a bit, no two samples alike for long.
fn samples() -> Vec<i16> {
    (0..26_000_i32)
        .map(|n| i16::try_from(n * 7 % 30_011).unwrap())
        .collect()
}

fn key() -> VaultKey {
    VaultKey::new([7; 32])
}

fn sealed(folder: &tempfile::TempDir, samples: &[i16]) -> PathBuf {
    let path = folder.path().join("call.wav");
    let mut sealer = Sealer::begin(File::create(&path).unwrap(), &path, &key()).unwrap();
    for half_second in samples.chunks(PIECE / 2) {
        sealer.write(half_second).unwrap();
    }
    path
}

fn heard(path: &Path) -> Vec<i16> {
    let reader = hound::WavReader::new(Recording::open(path, &key()).unwrap()).unwrap();
    let spec = reader.spec();
    assert_eq!(
        (spec.channels, spec.sample_rate, spec.bits_per_sample),
        (2, 8_000, 16)
    );
    reader.into_samples().map(Result::unwrap).collect()
}

fn all(path: &Path) -> Vec<u8> {
    let mut recording = Recording::open(path, &key()).unwrap();
    let mut bytes = Vec::new();
    recording.read_to_end(&mut bytes).unwrap();
    assert_eq!(recording.size().unwrap(), bytes.len() as u64);
    bytes
}

#[test]
fn what_was_sealed_is_heard_again_and_lies_on_disk_as_noise() {
    let folder = tempfile::tempdir().unwrap();
    let path = sealed(&folder, &samples());
    assert_eq!(heard(&path), samples());
    let disk = std::fs::read(&path).unwrap();
    assert!(!disk.windows(4).any(|part| part == b"RIFF"));
    let sound: Vec<u8> = samples()[..8]
        .iter()
        .flat_map(|one| one.to_le_bytes())
        .collect();
    assert!(!disk.windows(sound.len()).any(|part| part == sound));
    assert_eq!(heard(&sealed(&folder, &[])), [0_i16; 0]);
}

#[test]
fn any_part_can_be_read_without_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let path = sealed(&folder, &samples());
    let whole = all(&path);
    assert_eq!(whole.len(), 44 + samples().len() * 2);
    let mut recording = Recording::open(&path, &key()).unwrap();
    for (from, count) in [
        (0, 4),
        (40, 10),
        (16_000, 200),
        (16_043, 2),
        (51_999, 45),
        (30_000, 17_000),
    ] {
        recording.seek(SeekFrom::Start(from as u64)).unwrap();
        let mut part = vec![0; count];
        recording.read_exact(&mut part).unwrap();
        assert_eq!(part, whole[from..from + count], "{from} {count}");
    }
    assert_eq!(
        recording.seek(SeekFrom::End(0)).unwrap(),
        whole.len() as u64
    );
    assert_eq!(recording.read(&mut [0; 8]).unwrap(), 0);
}

#[test]
fn a_crash_leaves_what_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = sealed(&folder, &samples());
    let disk = std::fs::read(&path).unwrap();
    let three = HEAD + 3 * (PIECE + TAG);
    for (left, pieces) in [
        (disk.len() - 1, 3),
        (three + 5, 3),
        (three, 3),
        (three - 1, 2),
        (HEAD, 0),
    ] {
        std::fs::write(&path, &disk[..left]).unwrap();
        let heard = heard(&path);
        assert_eq!(heard, samples()[..pieces * PIECE / 2], "{left}");
    }
    // Room that was made, and never filled.
    let mut torn = disk[..three].to_vec();
    torn[three - PIECE..].fill(0);
    std::fs::write(&path, &torn).unwrap();
    assert_eq!(heard(&path).len(), PIECE);
    std::fs::write(&path, &disk[..HEAD - 1]).unwrap();
    assert!(Recording::open(&path, &key()).is_err());
}

#[test]
fn another_key_and_another_calls_audio_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = sealed(&folder, &samples());
    let other = folder.path().join("other.wav");
    std::fs::copy(&path, &other).unwrap();
    for (path, key) in [(&path, VaultKey::new([8; 32])), (&other, key())] {
        let refused = Recording::open(path, &key).unwrap_err();
        assert!(WrongKey::is_why(&refused), "{refused}");
    }
    // A byte changed in the middle is no other sound, but none.
    let mut disk = std::fs::read(&path).unwrap();
    disk[HEAD + PIECE + TAG + 100] ^= 1;
    std::fs::write(&path, &disk).unwrap();
    let mut recording = Recording::open(&path, &key()).unwrap();
    assert!(recording.read_to_end(&mut Vec::new()).is_err());
}

#[test]
fn plain_files_are_read_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("call.wav");
    for text in ["RIFF and so on", "PB", ""] {
        std::fs::write(&path, text).unwrap();
        assert_eq!(all(&path), text.as_bytes());
    }
}
