//! The machine that times are taken on, as far as it tells.

use std::path::Path;

use reports::record::Machine;

/// This machine, with its present load.
pub fn take() -> Machine {
    Machine {
        cores: std::thread::available_parallelism().map_or(0, |cores| cores.get() as u64),
        caches: caches(Path::new("/sys/devices/system/cpu/cpu0/cache")),
        governor: read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        kernel: [read("/proc/sys/kernel/ostype"), read("/proc/sys/kernel/osrelease")]
            .join(" ")
            .trim()
            .to_owned(),
        virtualisation: virtualisation(&read("/proc/cpuinfo"), &read("/sys/class/dmi/id/sys_vendor")),
        load_before: load(),
        load_after: None,
    }
}

/// The mean number of processes that ran or waited in the last minute; `None` where the system does not tell.
pub fn load() -> Option<f64> {
    read("/proc/loadavg").split_ascii_whitespace().next()?.parse().ok()
}

/// A file's text without the space around it; empty where there is none.
fn read(path: impl AsRef<Path>) -> String {
    std::fs::read_to_string(path).unwrap_or_default().trim().to_owned()
}

/// The data caches of a core, as its directory in `/sys` names them: `L1 48K, L2 2048K`.
fn caches(directory: &Path) -> String {
    let Ok(entries) = std::fs::read_dir(directory) else { return String::new() };
    let mut caches: Vec<(String, String)> = entries
        .filter_map(|entry| {
            let of = |name: &str| entry.as_ref().ok().map(|entry| read(entry.path().join(name)));
            let (level, size) = (of("level")?, of("size")?);
            (of("type")? != "Instruction" && !level.is_empty() && !size.is_empty()).then_some((level, size))
        })
        .collect();
    caches.sort();
    caches.iter().map(|(level, size)| format!("L{level} {size}")).collect::<Vec<_>>().join(", ")
}

/// What the processor and the firmware tell of a virtual machine; empty on a machine that does not say that it is one.
fn virtualisation(cpuinfo: &str, vendor: &str) -> String {
    let flags = cpuinfo.lines().find(|line| line.starts_with("flags"));
    let is_virtual =
        flags.is_some_and(|flags| flags.split_ascii_whitespace().any(|flag| flag == "hypervisor"));
    match (is_virtual, vendor) {
        (false, _) => String::new(),
        (true, "") => "virtual machine".to_owned(),
        (true, vendor) => format!("virtual machine ({vendor})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_virtual_machine_says_so_in_the_processor_s_flags() {
        let flags = "model name\t: X\nflags\t\t: fpu vme hypervisor lm\n";
        assert_eq!(virtualisation(flags, "QEMU"), "virtual machine (QEMU)");
        assert_eq!(virtualisation(flags, ""), "virtual machine");
        assert_eq!(virtualisation("flags\t: fpu lm\n", "Dell"), "");
        assert_eq!(virtualisation("", ""), "");
    }

    #[test]
    fn the_data_caches_are_listed_by_level() {
        let directory = tempfile::tempdir().unwrap();
        let cache = |index: &str, level: &str, kind: &str, size: &str| {
            let place = directory.path().join(index);
            std::fs::create_dir(&place).unwrap();
            for (name, text) in [("level", level), ("type", kind), ("size", size)] {
                std::fs::write(place.join(name), format!("{text}\n")).unwrap();
            }
        };
        cache("index3", "3", "Unified", "32768K");
        cache("index0", "1", "Data", "48K");
        cache("index1", "1", "Instruction", "32K");
        std::fs::write(directory.path().join("uevent"), "").unwrap();
        assert_eq!(caches(directory.path()), "L1 48K, L3 32768K");
        assert_eq!(caches(&directory.path().join("none")), "");
    }
}
