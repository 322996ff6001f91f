//! The parts that all pages share: head, style, script, content security policy, and the record's origin.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

use super::{choose, format, series};
use crate::metric::Metric;
use crate::record::{Machine, Record};
use crate::view::BottleneckView;

const STYLE: &str = include_str!("../../templates/style.css");
const SCRIPT: &str = include_str!("../../templates/script.js");
/// The icon: three bars, of which the shortest is blue.
const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E\
                    %3Cpath fill='%237a8691' d='M1 2h14v3H1zM1 6.5h10v3H1z'/%3E\
                    %3Cpath fill='%230a6bc2' d='M1 11h4v3H1z'/%3E%3C/svg%3E";

/// The parts that all pages share.
pub struct Shell<'a> {
    /// Content security policy: it allows nothing but this page's own style and script.
    pub policy: String,
    /// The page's style sheet.
    pub style: String,
    /// The page's script.
    pub script: &'static str,
    /// The page's icon.
    pub icon: &'static str,
    /// The series' markers.
    pub markers: String,
    /// When the run started, as people read it.
    pub time: String,
    /// The revision, shortened; empty outside a repository.
    pub revision: &'a str,
    /// The record.
    pub record: &'a Record,
}

impl<'a> Shell<'a> {
    /// The shell of a page that shows `views`.
    pub fn new(record: &'a Record, views: &[&BottleneckView<'_>]) -> Self {
        let mut style = STYLE.to_owned();
        style.push_str(choose::STYLE);
        style.push_str(&switched());
        for (at, view) in views.iter().enumerate() {
            style.push_str(&series::style(view, &format!(".of{at}")));
        }
        let most = views.iter().map(|view| view.contenders.len()).max().unwrap_or(0);
        Shell {
            policy: format!(
                "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}' 'sha256-{}'; img-src data:; \
                 base-uri 'none'; form-action 'none'",
                hash(&style),
                hash(SCRIPT),
                hash(choose::SCRIPT)
            ),
            style,
            script: SCRIPT,
            icon: ICON,
            markers: series::markers(most),
            time: format::time(&record.started),
            revision: record.fingerprint.revision.get(..12).unwrap_or(&record.fingerprint.revision),
            record,
        }
    }

    /// The fingerprint without the revision, as pairs of name and value. Unknown values are left out.
    pub fn fingerprint(&self) -> Vec<(&'static str, &str)> {
        let fingerprint = &self.record.fingerprint;
        let fields: [(&'static str, &str); 9] = [
            ("Compiler", &fingerprint.rustc),
            ("Target", &fingerprint.target),
            ("Cargo profile", &fingerprint.profile),
            ("Code generation", &fingerprint.codegen),
            ("Valgrind", &fingerprint.valgrind),
            ("Virtual CPU", &fingerprint.isa),
            ("C library", &fingerprint.glibc),
            ("GLIBC_TUNABLES", &fingerprint.tunables),
            ("CPU", &fingerprint.cpu),
        ];
        fields.into_iter().filter(|(_, value)| !value.is_empty()).collect()
    }

    /// The machines that times were taken on, as pairs of name and value. Unknown values are left out.
    pub fn machines(&self) -> Vec<(&'static str, String)> {
        let of = |machine: &Machine| {
            let load =
                |load: Option<f64>| load.map_or_else(|| "unknown".to_owned(), |load| format!("{load:.2}"));
            let Machine { cores, caches, governor, kernel, virtualisation, load_before, load_after } =
                machine;
            [
                ("Cores", if *cores == 0 { String::new() } else { cores.to_string() }),
                ("Caches of a core", caches.clone()),
                (
                    "Frequency governor",
                    if governor.is_empty() { "none".to_owned() } else { governor.clone() },
                ),
                ("Kernel", kernel.clone()),
                ("Virtualisation", virtualisation.clone()),
                (
                    "Load",
                    match (load_before, load_after) {
                        (None, None) => String::new(),
                        (before, after) => {
                            format!("{} before the run, {} at its end", load(*before), load(*after))
                        }
                    },
                ),
            ]
        };
        let all = self.record.machines.iter().flat_map(of);
        all.filter(|(_, value)| !value.is_empty()).collect()
    }
}

/// The rules that show the tables of the metric that a page's switch chooses.
fn switched() -> String {
    let chosen = Metric::with_tables().map(|metric| {
        let key = metric.key();
        format!("body:has(#metric-{key}:checked) .m[data-metric={key}]")
    });
    let chosen: Vec<String> = chosen.collect();
    format!("@supports selector(:has(*)) {{ {} {{ display: table; }} }}\n", chosen.join(",\n"))
}

fn hash(text: &str) -> String {
    BASE64_STANDARD.encode(Sha256::digest(text))
}
