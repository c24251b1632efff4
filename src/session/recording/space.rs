//! How long the disk will do.

use std::path::Path;
use std::time::Duration;

use crate::signal::Timestamp;

/// Less than this many bytes is told.
const LITTLE: u64 = 1_000_000_000;
/// Less than this is told, at the rate of writing.
const SOON: Duration = Duration::from_secs(3600);

/// Looks at the disk of a recording from time to time.
#[derive(Debug, Default)]
pub(super) struct Space {
    /// When it was first looked at, and how much was written by then, bytes.
    began: Option<(Timestamp, u64)>,
}

impl Space {
    /// What a person should know: the disk is nearly full. `None`: it will do.
    pub(super) fn look(&mut self, path: &Path, written: u64, now: Timestamp) -> Option<String> {
        let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
        // A system that does not tell is not a full disk.
        let free = fs4::available_space(folder).ok()?;
        let (began, before) = *self.began.get_or_insert((now, written));
        let secs = now.secs_since(began);
        let rate = if secs > 0.0 { written.saturating_sub(before) as f64 / secs } else { 0.0 };
        warning(free, rate)
    }
}

/// What to say of so many free bytes at a rate of writing, bytes a second.
fn warning(free: u64, rate: f64) -> Option<String> {
    let left = if rate > 0.0 { free as f64 / rate } else { f64::INFINITY };
    if free >= LITTLE && left >= SOON.as_secs_f64() {
        return None;
    }
    let size = if free >= 1_000_000_000 {
        format!("{:.1} GB", free as f64 / 1e9)
    } else {
        format!("{:.0} MB", free as f64 / 1e6)
    };
    let until = match left {
        left if left < 5400.0 => format!(", enough for about {:.0} min", left / 60.0),
        left if left < 100.0 * 3600.0 => format!(", enough for about {:.0} h", left / 3600.0),
        _ => String::new(),
    };
    Some(format!("the disk of the recording is nearly full: {size} left{until}; free some, or record elsewhere"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_is_nearly_full_by_size_or_by_time() {
        let check = |free, rate, want: Option<&str>| {
            let got = warning(free, rate);
            assert_eq!(got.as_deref().map(|it| it.split(": ").nth(1).unwrap().split(';').next().unwrap()), want);
        };
        check(50_000_000_000, 0.0, None);
        check(50_000_000_000, 1e6, None);
        check(50_000_000_000, 20e6, Some("50.0 GB left, enough for about 42 min"));
        check(400_000_000, 0.0, Some("400 MB left"));
        check(400_000_000, 5_000.0, Some("400 MB left, enough for about 22 h"));
        check(0, 5_000.0, Some("0 MB left, enough for about 0 min"));
    }
}
