//! The parts that all pages share: head, style, script, content security policy, and the record's origin.

use super::{choose, format, pages, series};
use crate::metric::Metric;
use crate::record::{Machine, Record};
use crate::view::BottleneckView;

const STYLE: &str = include_str!("../../templates/style.css");
/// The script of every page.
pub const SCRIPT: &str = include_str!("../../templates/script.js");
/// The icon of every page: three bars, of which the shortest is blue.
pub const ICON: &str = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'>\
                        <path fill='#7a8691' d='M1 2h14v3H1zM1 6.5h10v3H1z'/><path fill='#0a6bc2' d='M1 11h4v3H1z'/></svg>\n";

/// Content security policy: it allows nothing but the style, the script and the icon that lie beside the page. Browsers do not agree on
/// what `'self'` is for a page that is opened from a disk, so its scheme is there, too.
const POLICY: &str = "default-src 'none';style-src 'self' file:;script-src 'self' file:;img-src 'self' file:;\
                      base-uri 'none';form-action 'none'";

/// The parts that all pages share.
pub struct Shell<'a> {
    /// Content security policy.
    pub policy: &'static str,
    /// File names of the style, the script and the icon.
    pub style: &'static str,
    pub script: &'static str,
    pub icon: &'static str,
    /// When the run started, as people read it.
    pub time: String,
    /// The revision, shortened; empty outside a repository.
    pub revision: &'a str,
    /// The number of cells.
    pub cells: String,
    /// The record.
    pub record: &'a Record,
}

impl<'a> Shell<'a> {
    /// The shell of the pages on `record`.
    pub fn new(record: &'a Record) -> Self {
        Shell {
            policy: POLICY,
            style: pages::STYLE,
            script: pages::SCRIPT,
            icon: pages::ICON,
            time: format::time(&record.started),
            revision: record.fingerprint.revision.get(..12).unwrap_or(&record.fingerprint.revision),
            cells: format::exact(record.cells.len() as u64),
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

/// The style of every page.
pub fn style(views: &[BottleneckView<'_>]) -> String {
    let mut style = STYLE.to_owned();
    style.push_str(choose::STYLE);
    style.push_str(&switched());
    style.push_str(&series::marked(views.iter().map(|view| view.contenders.len()).max().unwrap_or_default()));
    for view in views {
        style.push_str(&series::style(view, &format!(".of-{}", view.info.name)));
    }
    style
}

/// The rules that show what belongs to the metric that a page's switch chooses.
fn switched() -> String {
    let chosen = |shown: &str| {
        let of = |metric: Metric| {
            let key = metric.key();
            format!("body:has(.switch [value={key}]:checked) {shown}[data-metric={key}]")
        };
        Metric::with_tables().map(of).collect::<Vec<String>>().join(",\n")
    };
    let [tables, others] = [chosen("table.m"), chosen(":is(.m:not(table), pre)")];
    format!(
        "@supports selector(:has(*)) {{ {tables} {{ display: table; }} {others} {{ display: block; }} }}\n"
    )
}
