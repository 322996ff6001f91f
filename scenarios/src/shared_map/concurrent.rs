//! Trials of several threads and processes.

use std::path::{Path, PathBuf};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use std::{fs, process, thread};

use super::cases::fill;
use super::contract::{Family, MapSnapshot, SharedMap};
use super::oracle::value_of;
use crate::case::not_set_up;
use crate::concurrency::{Figures, Part, Trial, answer, now, quantile, wait};
use crate::input::{draws, rng};
use crate::shared::region::capacity;
use crate::shared::replay::told;
use crate::shared::{self, Place, Reader, Snapshot, Value, Writer, key};

pub(super) fn trial<F: Family>(trial: Trial<'_>) -> Result<Figures, String> {
    match trial.scenario {
        "attach" => attach::<F::Map>(trial),
        "read_threads" => read_threads::<F::Map>(trial),
        "read_processes" => read_processes::<F::Map>(trial, LOOK_UPS),
        "read_processes_long" => read_processes::<F::Map>(trial, MANY_LOOK_UPS),
        "visible_threads" => visible_threads::<F::Map>(trial),
        "visible_processes" => visible_processes::<F::Map>(trial),
        other => not_set_up(other),
    }
}

pub(super) fn part<F: Family>(words: &[String]) -> Result<(), String> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let size = |word: &str| word.parse().map_err(|_| format!("`{word}` is no size"));
    match words[..] {
        ["attach", path, entries] => attach_part::<F::Map>(Path::new(path), size(entries)?),
        ["read", path, entries, look_ups] => {
            read_part::<F::Map>(Path::new(path), size(entries)?, size(look_ups)?)
        }
        ["watch", path] => watch_part::<F::Map>(Path::new(path)),
        _ => Err(format!("there is no part `{}`", words.join(" "))),
    }
}

/// The keys of the trials have so many bytes.
const KEY: usize = 16;

/// The reader of a writer.
type ReaderOf<M> = <M as Writer>::Reader;

/// Room for the versions that are published while a reader holds one and waits for a core.
const ROOM: u64 = 256 << 20;

/// A writer that has published the keys `0..size`.
fn filled<M: SharedMap>(place: Place<'_>, size: usize) -> Result<M, String> {
    let mut writer = told("create", M::create(place, capacity(size) + ROOM))?;
    told("set_many", fill::<M, KEY>(&mut writer, size))?;
    told("publish", writer.publish())?;
    Ok(writer)
}

/// A directory for a region that other processes find by its path. It goes when this is dropped. What killed programs have
/// left behind goes when the next one is made.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Result<Self, String> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let above = shared::directory();
        for entry in fs::read_dir(&above).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let owner = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.split('-').next());
            if owner.is_some_and(|owner| !Path::new("/proc").join(owner).exists()) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = above.join(format!("{PREFIX}{}-{count}", process::id()));
        fs::create_dir(&path).map_err(|error| format!("cannot create {}: {error}", path.display()))?;
        Ok(Directory(path))
    }

    fn region(&self) -> PathBuf {
        self.0.join("region")
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What the names of directories of regions begin with. The process follows.
const PREFIX: &str = "bottleneck-lab-";

fn text(path: &Path) -> Result<&str, String> {
    path.to_str().ok_or_else(|| format!("{} is no text", path.display()))
}

/// How many processes attach in a trial.
const ATTACHED: usize = 5;

fn attach<M: SharedMap>(trial: Trial<'_>) -> Result<Figures, String> {
    let directory = Directory::new()?;
    let path = directory.region();
    let _writer = filled::<M>(Place::At(&path), trial.size)?;
    let size = trial.size.to_string();
    let mut taken = Vec::new();
    for _ in 0..ATTACHED {
        let mut part = Part::start(trial.contender, &["attach", text(&path)?, &size])?;
        let [nanoseconds] = part.hear_numbers()?;
        taken.push(nanoseconds / 1e3);
    }
    Ok(vec![("µs".to_owned(), quantile(&mut taken, 0.5))])
}

fn attach_part<M: SharedMap>(path: &Path, size: usize) -> Result<(), String> {
    let last = size as u64 - 1;
    let key = key::<KEY>(last);
    let begun = Instant::now();
    let reader = told("attach", ReaderOf::<M>::attach(path))?;
    let snapshot = told("latest", reader.latest())?;
    let found = snapshot.get(&key);
    let taken = begun.elapsed();
    if found != Some(value_of(last)) {
        return Err(format!("a process that attached read {found:?}"));
    }
    answer(&taken.as_nanos().to_string())
}

/// How long readers read for one figure.
const READING: Duration = Duration::from_millis(40);

/// How many look-ups a reader makes in a snapshot before it takes the next one: one that wants to be up to date, and one
/// that does more work with what it has.
const LOOK_UPS: usize = 100;
const MANY_LOOK_UPS: usize = 10_000;

/// Looks up random keys in the newest version, which is taken anew for every so many of them. Returns the look-ups per
/// microsecond.
fn read<R: Reader<Snapshot: MapSnapshot>>(reader: &R, size: usize, look_ups: usize) -> Result<f64, String> {
    let ids = draws(&mut rng("read", size), look_ups.max(4096), size);
    let keys: Vec<[u8; KEY]> = ids.into_iter().map(key).collect();
    let mut chunks = keys.chunks_exact(look_ups).cycle();
    let begun = Instant::now();
    let (mut found, mut made) = (0, 0);
    while begun.elapsed() < READING {
        let snapshot = told("latest", reader.latest())?;
        for key in chunks.next().into_iter().flatten() {
            found += u64::from(matches!(snapshot.get(key), Some(Value::Number(_))));
        }
        made += look_ups as u64;
    }
    let taken = begun.elapsed();
    if found != made {
        return Err(format!("{} of {made} look-ups did not find a key that is there", made - found));
    }
    Ok(made as f64 / taken.as_secs_f64() / 1e6)
}

/// How many readers read at once: 1, 2, 4 and so on, up to the number of cores.
fn counts(cores: usize) -> impl Iterator<Item = usize> {
    std::iter::successors(Some(1), |count| Some(count * 2)).take_while(move |count| *count <= cores.max(1))
}

/// What readers read alone, and while the writer publishes changes as fast as it can.
fn each_count<M: SharedMap>(
    trial: Trial<'_>,
    writer: &mut M,
    mut read: impl FnMut(&mut M, usize, bool) -> Result<f64, String>,
) -> Result<Figures, String> {
    let mut figures = Figures::new();
    for is_busy in [false, true] {
        for readers in counts(trial.cores) {
            let plural = if readers == 1 { "" } else { "s" };
            let busy = if is_busy { ", busy writer" } else { "" };
            let name = format!("gets per µs, {readers} reader{plural}{busy}");
            figures.push((name, read(writer, readers, is_busy)?));
        }
    }
    Ok(figures)
}

/// Publishes changes of random keys until nobody reads any more.
fn write<M: SharedMap>(writer: &mut M, size: usize, ended: &AtomicBool) -> Result<(), String> {
    let ids = draws(&mut rng("write", size), 4096, size);
    for (id, step) in ids.iter().cycle().zip(0..) {
        if ended.load(Ordering::Acquire) {
            break;
        }
        told("set", writer.set(&key::<KEY>(*id), value_of(step)))?;
        told("publish", writer.publish())?;
    }
    Ok(())
}

fn read_threads<M: SharedMap>(trial: Trial<'_>) -> Result<Figures, String> {
    let size = trial.size;
    let mut writer = filled::<M>(Place::Private, size)?;
    each_count(trial, &mut writer, |writer, count, is_busy| {
        let readers = (0..count).map(|_| told("reader", writer.reader())).collect::<Result<Vec<_>, _>>()?;
        let (ended, begin) = (AtomicBool::new(false), Barrier::new(count + 1));
        thread::scope(|scope| {
            let begin = &begin;
            let start = |reader: M::Reader| {
                scope.spawn(move || {
                    begin.wait();
                    read(&reader, size, LOOK_UPS)
                })
            };
            let readers: Vec<_> = readers.into_iter().map(start).collect();
            let ended = &ended;
            let sum = scope.spawn(move || {
                let rates = readers.into_iter().map(|reader| reader.join());
                let rates = rates.map(|rate| rate.unwrap_or_else(|_| Err("a reader panicked".to_owned())));
                let sum = rates.sum::<Result<f64, String>>();
                ended.store(true, Ordering::Release);
                sum
            });
            begin.wait();
            let written = if is_busy { write(writer, size, ended) } else { Ok(()) };
            let sum = sum.join().unwrap_or_else(|_| Err("a thread panicked".to_owned()));
            written.and(sum)
        })
    })
}

fn read_processes<M: SharedMap>(trial: Trial<'_>, look_ups: usize) -> Result<Figures, String> {
    let size = trial.size;
    let directory = Directory::new()?;
    let path = directory.region();
    let mut writer = filled::<M>(Place::At(&path), size)?;
    let [entries, each] = [size, look_ups].map(|number| number.to_string());
    each_count(trial, &mut writer, |writer, count, is_busy| {
        let start = |_| Part::start(trial.contender, &["read", text(&path)?, &entries, &each]);
        let mut readers = (0..count).map(start).collect::<Result<Vec<_>, _>>()?;
        readers.iter_mut().try_for_each(|reader| reader.hear().map(drop))?;
        readers.iter_mut().try_for_each(|reader| reader.tell("go"))?;
        let ended = AtomicBool::new(false);
        thread::scope(|scope| {
            let ended = &ended;
            let sum = scope.spawn(move || {
                let rates = readers.iter_mut().map(|reader| reader.hear_numbers().map(|[rate]| rate));
                let sum = rates.sum::<Result<f64, String>>();
                ended.store(true, Ordering::Release);
                sum
            });
            let written = if is_busy { write(writer, size, ended) } else { Ok(()) };
            let sum = sum.join().unwrap_or_else(|_| Err("a thread panicked".to_owned()));
            written.and(sum)
        })
    })
}

fn read_part<M: SharedMap>(path: &Path, size: usize, look_ups: usize) -> Result<(), String> {
    let reader = told("attach", ReaderOf::<M>::attach(path))?;
    answer("ready")?;
    wait()?;
    answer(&read(&reader, size, look_ups)?.to_string())
}

/// The key whose value says when it was published.
const WATCHED: &[u8; KEY] = b"when published: ";

/// The value with which the writer ends.
const END: f64 = -1.0;

/// How many versions are published so that somebody sees them, and for how long at most.
const SEEN: usize = 1000;
const SEEING: Duration = Duration::from_millis(200);

/// The least time between two of them, in nanoseconds.
const BETWEEN: f64 = 100_000.0;

/// Publishes when it is, again and again, and the end.
fn publish_times<M: SharedMap>(writer: &mut M) -> Result<(), String> {
    let mut publish = |when: f64| {
        told("set", writer.set(WATCHED, Value::Number(when)))?;
        told("publish", writer.publish()).map(drop)
    };
    let begun = Instant::now();
    for _ in 0..SEEN {
        if begun.elapsed() > SEEING {
            break;
        }
        let when = now();
        publish(when)?;
        while now() < when + BETWEEN {
            std::hint::spin_loop();
        }
    }
    publish(END)
}

/// Takes the newest version again and again until the end, or until the writer has `failed`. Returns how many nanoseconds
/// after it was published each was seen.
fn watch<R: Reader<Snapshot: MapSnapshot>>(reader: &R, failed: &AtomicBool) -> Result<Vec<f64>, String> {
    let mut delays = Vec::new();
    let mut last = 0;
    loop {
        let snapshot = told("latest", reader.latest())?;
        let number = snapshot.number();
        if number < last {
            return Err(format!("version {number} came after version {last}"));
        }
        if number > last {
            last = number;
            match snapshot.get(WATCHED) {
                Some(Value::Number(END)) => return Ok(delays),
                Some(Value::Number(when)) => delays.push(now() - when),
                Some(other) => return Err(format!("a watcher read {other:?}")),
                // The version before the first that is watched.
                None => {}
            }
        }
        if failed.load(Ordering::Relaxed) {
            return Err("the writer failed".to_owned());
        }
        std::hint::spin_loop();
    }
}

fn delays_of(mut delays: Vec<f64>) -> [f64; 2] {
    [0.5, 0.99].map(|part| quantile(&mut delays, part))
}

fn visible_figures([p50, p99]: [f64; 2]) -> Figures {
    vec![("p50, µs".to_owned(), p50 / 1e3), ("p99, µs".to_owned(), p99 / 1e3)]
}

fn visible_threads<M: SharedMap>(trial: Trial<'_>) -> Result<Figures, String> {
    let mut writer = filled::<M>(Place::Private, trial.size)?;
    let reader = told("reader", writer.reader())?;
    let failed = AtomicBool::new(false);
    let delays = thread::scope(|scope| {
        let failed = &failed;
        let watching = scope.spawn(move || watch(&reader, failed));
        let published = publish_times(&mut writer);
        failed.store(published.is_err(), Ordering::Relaxed);
        let delays = watching.join().unwrap_or_else(|_| Err("the watcher panicked".to_owned()));
        published.and(delays)
    });
    Ok(visible_figures(delays_of(delays?)))
}

fn visible_processes<M: SharedMap>(trial: Trial<'_>) -> Result<Figures, String> {
    let directory = Directory::new()?;
    let path = directory.region();
    let mut writer = filled::<M>(Place::At(&path), trial.size)?;
    let mut part = Part::start(trial.contender, &["watch", text(&path)?])?;
    part.hear()?;
    publish_times(&mut writer)?;
    Ok(visible_figures(part.hear_numbers()?))
}

fn watch_part<M: SharedMap>(path: &Path) -> Result<(), String> {
    let reader = told("attach", ReaderOf::<M>::attach(path))?;
    answer("ready")?;
    // If the writer fails, the trial ends, and with it this process.
    let [p50, p99] = delays_of(watch(&reader, &AtomicBool::new(false))?);
    answer(&format!("{p50} {p99}"))
}
