//! The process itself in Prometheus' usual names, read from `/proc` when asked.

use std::fs;

/// Empty where there is no `/proc`.
pub(super) fn render() -> String {
    let figures = [
        ("process_resident_memory_bytes", resident_bytes()),
        ("process_open_fds", open_files()),
        ("process_threads", status_field("Threads:")),
        ("process_cpu_seconds_total", cpu_seconds()),
    ];
    figures
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .map(|(name, value)| {
            let kind = if name.ends_with("_total") {
                "counter"
            } else {
                "gauge"
            };
            format!("# TYPE {name} {kind}\n{name} {value}\n")
        })
        .collect()
}

fn status_field(name: &str) -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with(name))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

fn resident_bytes() -> Option<f64> {
    status_field("VmRSS:").map(|kilobytes| kilobytes * 1024.0)
}

fn open_files() -> Option<f64> {
    let count = fs::read_dir("/proc/self/fd").ok()?.count();
    u32::try_from(count).ok().map(f64::from)
}

/// User and system time; the kernel counts them in hundredths (`USER_HZ`).
fn cpu_seconds() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let mut after_name = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let user: f64 = after_name.next()?.parse().ok()?;
    let system: f64 = after_name.next()?.parse().ok()?;
    Some((user + system) / 100.0)
}
