//! A configuration service: one process updates 100,000 keys, four processes answer look-ups.
//!
//! `cargo run --release -p shared_collections --example configuration_service [seconds] [updates per second]`
//!
//! The program starts itself four times. Each copy attaches to the region by its path, takes a snapshot for each batch
//! of look-ups, and prints how many it answered. No look-up copies anything or waits for the writer.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use shared_collections::{Options, Reader, Writer};

const KEYS: u64 = 100_000;
const READERS: usize = 4;
const BATCH: u64 = 1000;

fn key(number: u64) -> String {
    format!("service-{number:08}")
}

/// A fast sequence that visits keys without an order.
fn scramble(step: u64) -> u64 {
    step.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |index: usize, usual: u64| arguments.get(index).map_or(Ok(usual), |text| text.parse());
    if arguments.first().is_some_and(|word| word == "--answer") {
        let path = arguments.get(1).ok_or("--answer needs the region's path")?;
        return answer(Path::new(path), Duration::from_secs(number(2, 3)?));
    }
    let (seconds, rate) = (number(0, 3)?, number(1, 100_000)?);
    let path = Region::new();
    let mut writer = Writer::create(&path.0, &Options::new(1 << 30))?;
    writer.map().set_many((0..KEYS).map(|number| (key(number), 0u64)))?;
    writer.map().set("generation", 0u64)?;
    writer.publish()?;
    println!("{KEYS} keys in {} KiB of {}", writer.usage().used >> 10, path.0.display());

    let mut readers = Vec::new();
    for _ in 0..READERS {
        let mut command = Command::new(std::env::current_exe()?);
        readers.push(command.arg("--answer").arg(&path.0).arg(seconds.to_string()).spawn()?);
    }
    let outcome = update(&mut writer, Duration::from_secs(seconds), rate);
    // Readers end by themselves, even if the writer has failed.
    let failed = readers
        .iter_mut()
        .map(Child::wait)
        .filter(|status| !matches!(status, Ok(status) if status.success()));
    let failed = failed.count();
    outcome?;
    if failed > 0 {
        return Err(format!("{failed} readers failed").into());
    }
    Ok(())
}

/// The file of the region, which goes when the service ends.
struct Region(PathBuf);

impl Region {
    fn new() -> Self {
        let shared = Path::new("/dev/shm");
        let directory = if shared.is_dir() { shared.to_owned() } else { std::env::temp_dir() };
        Region(directory.join(format!("configuration-service-{}", std::process::id())))
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Changes keys at a rate, a few in each version.
fn update(writer: &mut Writer, time: Duration, rate: u64) -> Result<(), shared_collections::Error> {
    let start = Instant::now();
    let (mut updates, mut versions) = (0_u64, 0_u64);
    while start.elapsed() < time {
        if updates as f64 > start.elapsed().as_secs_f64() * rate as f64 {
            std::thread::sleep(Duration::from_micros(100));
            continue;
        }
        versions += 1;
        for _ in 0..10 {
            updates += 1;
            writer.map().set(key(scramble(updates) % KEYS), versions)?;
        }
        writer.map().set("generation", versions)?;
        writer.publish()?;
    }
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "writer: {:.0} updates and {:.0} versions a second; {} KiB in use",
        updates as f64 / seconds,
        versions as f64 / seconds,
        writer.usage().used >> 10
    );
    Ok(())
}

/// Answers look-ups, each batch from one version.
fn answer(path: &Path, time: Duration) -> Result<(), Box<dyn Error>> {
    let reader = Reader::attach(path)?;
    let keys: Vec<String> = (0..KEYS).map(key).collect();
    let start = Instant::now();
    let (mut step, mut versions, mut last) = (u64::from(std::process::id()), 0_u64, u64::MAX);
    let mut answered = 0_u64;
    while start.elapsed() < time {
        let snapshot = reader.latest()?;
        let map = snapshot.map();
        let generation =
            map.get("generation").and_then(|value| value.as_u64()).ok_or("there is no generation")?;
        for _ in 0..BATCH {
            step += 1;
            let value = map.get(&keys[(scramble(step) % KEYS) as usize]).and_then(|value| value.as_u64());
            if value.is_none_or(|value| value > generation) {
                return Err(format!("a key has {value:?} in generation {generation}").into());
            }
        }
        answered += BATCH;
        versions += u64::from(generation != last);
        last = generation;
    }
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "reader {}: {:.2} million look-ups a second, in {versions} versions",
        std::process::id(),
        answered as f64 / seconds / 1e6
    );
    Ok(())
}
