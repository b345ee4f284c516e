//! The conditions of a measurement: without them a figure says nothing.

use std::fs;

pub struct Machine {
    pub processor: String,
    pub cores: usize,
    pub memory_gib: Option<f64>,
    /// Mean of runnable tasks over the minute before.
    pub load: Option<String>,
    pub kernel: Option<String>,
}

impl Machine {
    pub fn here() -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let kibibytes = field(&read("/proc/meminfo"), "MemTotal")
            .and_then(|value| value.split_whitespace().next()?.parse::<f64>().ok());
        Self {
            processor: field(&read("/proc/cpuinfo"), "model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory_gib: kibibytes.map(|kibibytes| kibibytes / 1_048_576.0),
            load: read("/proc/loadavg").split_whitespace().next().map(str::to_owned),
            kernel: Some(read("/proc/sys/kernel/osrelease").trim().to_owned()).filter(|kernel| !kernel.is_empty()),
        }
    }
}

/// The value of `name : value`.
fn field(text: &str, name: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then(|| value.trim().to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_by_name() {
        let text = "processor\t: 0\nmodel name\t: Some CPU @ 2.0 GHz\n";
        assert_eq!(field(text, "model name").as_deref(), Some("Some CPU @ 2.0 GHz"));
        assert_eq!(field(text, "flags"), None);
        assert!(Machine::here().cores >= 1);
    }
}
