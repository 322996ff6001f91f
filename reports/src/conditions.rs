//! The conditions of a measurement: what must be the same for two values of a cell to be comparable.

use std::fmt;

use crate::digest::sha256;
use crate::metric::Metric;
use crate::record::{Fingerprint, InputInfo, Machine};

/// Everything of a record that a value of one kind of metric depends on, apart from the code that was measured.
///
/// An exact count depends on the compiler, Valgrind and the input, and on no machine. A time depends on the machine, too.
/// A field that a record does not know is empty, and that is a condition of its own: nobody can say what it was.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Conditions {
    /// The fields, by name.
    fields: Vec<(&'static str, String)>,
}

impl Conditions {
    /// The conditions of a metric's values.
    pub fn of(
        metric: Metric,
        fingerprint: &Fingerprint,
        machines: &[Machine],
        input: Option<&InputInfo>,
        seed: Option<u64>,
    ) -> Self {
        let mut fields: Vec<(&'static str, String)> =
            fingerprint.exact_fields().map(|(name, value)| (name, value.to_owned())).into();
        fields.extend([
            ("input", input.map_or_else(String::new, |input| input.sha256.clone())),
            ("seed", seed.map_or_else(String::new, |seed| seed.to_string())),
        ]);
        if !metric.about().meter.is_exact() {
            fields.push(("cpu", fingerprint.cpu.clone()));
            let known: Vec<_> = machines.iter().map(Machine::fields).collect();
            let names = Machine::default().fields().map(|(name, _)| name);
            let each = |at: usize| known.iter().map(|fields| &*fields[at].1).collect::<Vec<_>>().join(" / ");
            fields.extend(names.into_iter().enumerate().map(|(at, name)| (name, each(at))));
        }
        Conditions { fields }
    }

    /// A short name for them: the same conditions have the same one, twelve hexadecimal digits.
    pub fn key(&self) -> String {
        let mut text = String::new();
        for (name, value) in &self.fields {
            // The length keeps a value with a line break from looking like two fields.
            text += &format!("{name}:{}:{value}\n", value.len());
        }
        let mut key = sha256(&text);
        key.truncate(12);
        key
    }

    /// In which fields they differ from others.
    pub fn differences(&self, other: &Conditions) -> Vec<String> {
        let pairs = self.fields.iter().zip(&other.fields);
        let spelled = |value: &str| if value.is_empty() { "nothing" } else { value }.to_owned();
        pairs
            .filter(|(ours, theirs)| ours.1 != theirs.1)
            .map(|(ours, theirs)| format!("{}: {} against {}", ours.0, spelled(&ours.1), spelled(&theirs.1)))
            .collect()
    }
}

impl fmt::Display for Conditions {
    /// The fields that are known.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = self.fields.iter().filter(|(_, value)| !value.is_empty());
        let spelled: Vec<String> = known
            .map(|(name, value)| match *name {
                "rustc" | "glibc" | "valgrind" => value.clone(),
                _ => format!("{name} {value}"),
            })
            .collect();
        f.write_str(&spelled.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(metric: Metric, change: impl Fn(&mut Fingerprint, &mut Machine)) -> Conditions {
        let mut fingerprint = Fingerprint { rustc: "rustc 1.91".to_owned(), ..Fingerprint::default() };
        let mut machine = Machine { cores: 2, ..Machine::default() };
        change(&mut fingerprint, &mut machine);
        Conditions::of(metric, &fingerprint, &[machine], None, None)
    }

    #[test]
    fn a_count_depends_on_the_compiler_and_a_time_on_the_machine_too() {
        for metric in [Metric::Instructions, Metric::Blocks, Metric::Warm, Metric::WarmRatio] {
            let here = of(metric, |_, _| {});
            let compiler = of(metric, |fingerprint, _| fingerprint.rustc = "rustc 1.92".to_owned());
            assert_ne!(here.key(), compiler.key());
            assert_eq!(here.differences(&compiler), ["rustc: rustc 1.91 against rustc 1.92"]);
            let valgrind = of(metric, |fingerprint, _| fingerprint.valgrind = "valgrind-3.25".to_owned());
            assert_ne!(here.key(), valgrind.key());
            let revision = of(metric, |fingerprint, machine| {
                fingerprint.revision = "abc".to_owned();
                machine.load_before = Some(3.0);
            });
            assert_eq!(here.key(), revision.key());
            let machine = of(metric, |fingerprint, machine| {
                fingerprint.cpu = "another".to_owned();
                machine.cores = 4;
            });
            assert_eq!(here.key() == machine.key(), metric.about().meter.is_exact(), "{metric:?}");
        }
        let seeded = Conditions::of(Metric::Blocks, &Fingerprint::default(), &[], None, Some(1));
        assert_ne!(seeded, Conditions::of(Metric::Blocks, &Fingerprint::default(), &[], None, None));
        assert_eq!(seeded.key().len(), 12);
    }
}
