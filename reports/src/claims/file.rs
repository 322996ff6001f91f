//! Reading claims from files. `docs/claims.md` describes the format.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use serde::Deserialize;
use toml::Spanned;

use super::claim::{Bounds, Cells, Claim, Publication, Quantity, Rule, Side, Test};
use crate::growth::Model;
use crate::io::Error;

/// A file of claims, by its name, which is what messages say.
macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$((concat!("reports/claims/", $name), include_str!(concat!("../../claims/", $name)))),*]
    };
}

/// The lab's own files.
const OWN: &[(&str, &str)] = files![
    "data-map.toml",
    "pypersistent.toml",
    "array-map.toml",
    "hamt-shared.toml",
    "champ.toml",
    "rrb-trees.toml",
    "im.toml",
    "imbl.toml",
    "rpds.toml",
    "immutable-chunkmap.toml",
    "globset.toml",
    "regex-automata.toml",
    "qp-trie.toml",
    "schnellru.toml",
    "quick-cache.toml",
    "sieve.toml",
    "slotmap.toml",
];

/// A share by which a claimed number may be missed, where a claim does not say another: published numbers are rounded.
const TOLERANCE: f64 = 0.1;

/// The lab's own claims, in reading order.
pub fn own() -> &'static [Claim] {
    static CLAIMS: LazyLock<Result<Vec<Claim>, String>> = LazyLock::new(|| {
        let mut reader = Reader::default();
        OWN.iter()
            .try_for_each(|(name, text)| reader.read(Path::new(name), text))
            .map_err(|error| error.to_string())?;
        Ok(reader.claims)
    });
    // A test reads them, so this cannot fail in a lab that was tested.
    CLAIMS.as_deref().unwrap_or_else(|error| panic!("{error}"))
}

/// The lab's own claims, and those of a reader: of a file, or of each file of a directory whose name ends with `.toml`.
///
/// # Errors
/// If a file cannot be read, or is not as `docs/claims.md` says.
pub fn with(path: &Path) -> Result<Vec<Claim>, Error> {
    let mut reader = Reader::default();
    OWN.iter().try_for_each(|(name, text)| reader.read(Path::new(name), text))?;
    for file in files_at(path)? {
        let text =
            std::fs::read_to_string(&file).map_err(|cause| Error::Read { path: file.clone(), cause })?;
        reader.read(&file, &text)?;
    }
    Ok(reader.claims)
}

/// The files of claims at `path`, by name.
fn files_at(path: &Path) -> Result<Vec<PathBuf>, Error> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let failed = |cause| Error::Read { path: path.to_owned(), cause };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).map_err(failed)? {
        let file = entry.map_err(failed)?.path();
        if file.extension().is_some_and(|extension| extension == "toml") {
            files.push(file);
        }
    }
    files.sort();
    match files.is_empty() {
        true => Err(Error::Claims(format!(
            "{} has no file whose name ends with `.toml`: write one as docs/claims.md describes",
            path.display()
        ))),
        false => Ok(files),
    }
}

/// The claims that were read, and where each stands.
#[derive(Default)]
struct Reader {
    claims: Vec<Claim>,
    places: BTreeMap<String, String>,
}

impl Reader {
    fn read(&mut self, path: &Path, text: &str) -> Result<(), Error> {
        let at = |offset: usize| {
            let line = 1 + text.get(..offset).map_or(0, |before| before.matches('\n').count());
            format!("{}:{line}", path.display())
        };
        let file: File = toml::from_str(text).map_err(|error| {
            let place = at(error.span().map_or(0, |span| span.start));
            let message = error.message().split_whitespace().collect::<Vec<_>>().join(" ");
            Error::Claims(format!("{place}: {message}; docs/claims.md describes the fields"))
        })?;
        let failed = |offset: usize, message: String| Error::Claims(format!("{}: {message}", at(offset)));
        let publication = file.publication.get_ref().checked();
        let publication = publication.map_err(|message| failed(file.publication.span().start, message))?;
        for raw in file.claims {
            let offset = raw.id.span().start;
            let claim = raw.checked(&publication);
            let claim = claim
                .map_err(|message| failed(offset, format!("the claim `{}` {message}", raw.id.get_ref())))?;
            if let Some(place) = self.places.insert(claim.id.clone(), at(offset)) {
                let message =
                    format!("the claim `{}` is at {place} already: give one of them another `id`", claim.id);
                return Err(failed(offset, message));
            }
            self.claims.push(claim);
        }
        Ok(())
    }
}

/// A file, as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    publication: Spanned<Source>,
    #[serde(rename = "claim", default)]
    claims: Vec<Raw>,
}

/// The publication, as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Source {
    #[serde(default)]
    authors: String,
    title: String,
    venue: String,
    year: Option<u16>,
    #[serde(default)]
    address: String,
}

impl Source {
    /// # Errors
    /// If a field cannot be what it should be: what is wrong, and what to do.
    fn checked(&self) -> Result<Publication, String> {
        if self.title.trim().is_empty() {
            return Err("the publication has no `title`: say what it is called".to_owned());
        }
        let is_web = ["https://", "http://"].iter().any(|scheme| self.address.starts_with(scheme));
        if !self.address.is_empty() && !is_web {
            return Err(format!(
                "the `address` `{}` is none of the web: begin it with https://, or leave it out",
                self.address
            ));
        }
        Ok(Publication {
            authors: self.authors.clone(),
            title: self.title.clone(),
            venue: self.venue.clone(),
            year: self.year,
            address: self.address.clone(),
        })
    }
}

/// A claim, as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    id: Spanned<String>,
    says: String,
    #[serde(default)]
    note: String,
    bottleneck: String,
    #[serde(default)]
    scenarios: Vec<String>,
    #[serde(default)]
    sizes: Vec<u64>,
    quantity: Option<String>,
    #[serde(default)]
    only_time: bool,
    more: Option<String>,
    more_scenario: Option<String>,
    less: Option<String>,
    less_scenario: Option<String>,
    contender: Option<String>,
    at_least: Option<f64>,
    at_most: Option<f64>,
    growth: Option<String>,
    pays_off_from: Option<u64>,
    tolerance: Option<f64>,
    decided_by: Option<String>,
    claimed: Option<String>,
    cannot_be_tested: Option<String>,
}

impl Raw {
    /// # Errors
    /// If the claim cannot be tested as it is written: what is wrong, and what to do.
    fn checked(&self, publication: &Publication) -> Result<Claim, String> {
        let id = self.id.get_ref();
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'/');
        if id.is_empty() || !id.bytes().all(is_plain) {
            return Err(
                "has an `id` of other signs than letters, digits, `-`, `_` and `/`: rename it".to_owned()
            );
        }
        if self.says.trim().is_empty() || self.bottleneck.is_empty() {
            return Err("`says` nothing or names no `bottleneck`: fill in both".to_owned());
        }
        let test = match (&self.more, &self.less, &self.contender, &self.cannot_be_tested) {
            (Some(more), Some(less), None, None) => self.ratio(more, less)?,
            (None, None, Some(contender), None) => self.of_one(contender)?,
            (None, None, None, Some(because)) => self.impossible(because)?,
            _ => {
                return Err(
                    "names no test: give it `more` and `less`, or a `contender`, or the reason why it \
                            `cannot_be_tested`, and only one of these"
                        .to_owned(),
                );
            }
        };
        Ok(Claim {
            id: id.clone(),
            publication: publication.clone(),
            says: self.says.clone(),
            note: self.note.clone(),
            bottleneck: self.bottleneck.clone(),
            test,
        })
    }

    fn ratio(&self, more: &str, less: &str) -> Result<Test, String> {
        self.refuse(&[
            ("growth", self.growth.is_some()),
            ("pays_off_from", self.pays_off_from.is_some()),
            ("claimed", self.claimed.is_some()),
        ])?;
        let side = |contender: &str, scenario: &Option<String>| Side {
            contender: contender.to_owned(),
            scenario: scenario.clone(),
        };
        let (more, less) = (side(more, &self.more_scenario), side(less, &self.less_scenario));
        if more == less {
            return Err(
                "compares a contender with itself: name another one in `more` or `less`, or another \
                        `more_scenario`"
                    .to_owned(),
            );
        }
        Ok(Test::Ratio { cells: self.cells()?, more, less, claimed: self.bounds()? })
    }

    fn of_one(&self, contender: &str) -> Result<Test, String> {
        self.refuse(&[
            ("more_scenario", self.more_scenario.is_some()),
            ("less_scenario", self.less_scenario.is_some()),
            ("claimed", self.claimed.is_some()),
        ])?;
        let contender = contender.to_owned();
        let bounds = self.bounds()?;
        let has_number = bounds != Bounds::default();
        match (&self.growth, self.pays_off_from, has_number) {
            (Some(growth), None, false) => {
                self.refuse(&[
                    ("sizes", !self.sizes.is_empty()),
                    ("tolerance", self.tolerance.is_some()),
                    ("decided_by", self.decided_by.is_some()),
                ])?;
                let known = Model::ALL.map(Model::as_str).join(", ");
                let claimed = Model::named(growth)
                    .ok_or_else(|| format!("has the `growth` `{growth}`: write one of {known}"))?;
                let quantity = self.quantity()?;
                if quantity == Quantity::MissRatio {
                    return Err(
                        "has a `growth` of misses: no such growth is told, so choose another `quantity`"
                            .to_owned(),
                    );
                }
                Ok(Test::Growth { scenarios: self.scenarios()?, quantity, contender, claimed })
            }
            (None, Some(claimed), false) => {
                self.refuse(&[
                    ("scenarios", !self.scenarios.is_empty()),
                    ("quantity", self.quantity.is_some()),
                    ("tolerance", self.tolerance.is_some()),
                    ("decided_by", self.decided_by.is_some()),
                ])?;
                Ok(Test::PayOff { sizes: self.sizes.clone(), contender, claimed })
            }
            (None, None, true) => Ok(Test::Value { cells: self.cells()?, contender, claimed: bounds }),
            _ => Err("says nothing about its `contender`, or too much: give it `at_least` or `at_most`, or \
                      `growth`, or `pays_off_from`"
                .to_owned()),
        }
    }

    fn impossible(&self, because: &str) -> Result<Test, String> {
        if because.trim().is_empty() {
            return Err("cannot be tested for no reason: say why".to_owned());
        }
        let bounds = self.at_least.is_some() || self.at_most.is_some();
        self.refuse(&[
            ("at_least` or `at_most", bounds),
            ("growth", self.growth.is_some()),
            ("pays_off_from", self.pays_off_from.is_some()),
            ("scenarios", !self.scenarios.is_empty()),
        ])?;
        Ok(Test::Impossible {
            claimed: self.claimed.clone().unwrap_or_default(),
            because: because.to_owned(),
        })
    }

    /// Refuses fields that mean nothing beside the others.
    fn refuse(&self, fields: &[(&str, bool)]) -> Result<(), String> {
        match fields.iter().find(|(_, is_there)| *is_there) {
            Some((field, _)) => {
                Err(format!("has a `{field}` that means nothing for this kind of test: remove it"))
            }
            None => Ok(()),
        }
    }

    fn scenarios(&self) -> Result<Vec<String>, String> {
        match self.scenarios.is_empty() {
            true => Err("names no `scenarios`: list those that decide".to_owned()),
            false => Ok(self.scenarios.clone()),
        }
    }

    fn quantity(&self) -> Result<Quantity, String> {
        let known = || Quantity::words().join(", ");
        let Some(word) = &self.quantity else {
            return Err(format!("names no `quantity`: write one of {}", known()));
        };
        let named = Quantity::named(word)
            .ok_or_else(|| format!("has the `quantity` `{word}`: write one of {}", known()))?;
        match named {
            Quantity::Time { .. } => Ok(Quantity::Time { stand_in: !self.only_time }),
            other => self.refuse(&[("only_time", self.only_time)]).map(|()| other),
        }
    }

    fn cells(&self) -> Result<Cells, String> {
        let tolerance = self.tolerance.unwrap_or(TOLERANCE);
        if !(0.0..1.0).contains(&tolerance) {
            return Err(format!("has the `tolerance` {tolerance}: write a share from 0 up to 1"));
        }
        let rule = match &self.decided_by {
            None => Rule::Each,
            Some(word) => {
                let known = Rule::ALL.map(Rule::word).join(", ");
                let found = Rule::ALL.into_iter().find(|rule| rule.word() == word);
                found.ok_or_else(|| format!("is `decided_by` `{word}`: write one of {known}"))?
            }
        };
        Ok(Cells {
            scenarios: self.scenarios()?,
            sizes: self.sizes.clone(),
            quantity: self.quantity()?,
            tolerance,
            rule,
        })
    }

    fn bounds(&self) -> Result<Bounds, String> {
        let bounds = Bounds { at_least: self.at_least, at_most: self.at_most };
        for (field, bound) in [("at_least", bounds.at_least), ("at_most", bounds.at_most)] {
            if let Some(number) = bound.filter(|number| !(*number > 0.0 && number.is_finite())) {
                return Err(format!("has the `{field}` {number}: write a number above 0"));
            }
        }
        match bounds {
            Bounds { at_least: Some(least), at_most: Some(most) } if least > most => {
                Err(format!("is `at_least` {least} and `at_most` {most}: swap them"))
            }
            bounds => Ok(bounds),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str =
        "[publication]\ntitle = \"A paper\"\nvenue = \"version 1\"\naddress = \"https://a.b/c\"\n";
    const CLAIM: &str = "[[claim]]\nid = \"mine\"\nsays = \"It is so.\"\nbottleneck = \"b\"\n";
    const CELLS: &str = "scenarios = [\"get\"]\nquantity = \"time\"\n";

    fn read(text: &str) -> Result<Vec<Claim>, String> {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("mine.toml");
        std::fs::write(&path, text).unwrap();
        let claims = with(&path)
            .map_err(|error| error.to_string().replace(&path.display().to_string(), "mine.toml"))?;
        Ok(claims[own().len()..].to_vec())
    }

    #[test]
    fn the_lab_s_own_files_are_all_there_and_can_be_read() {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("claims");
        let there = files_at(&directory).unwrap();
        let mut listed: Vec<PathBuf> =
            OWN.iter().map(|(name, _)| directory.join(Path::new(name).file_name().unwrap())).collect();
        listed.sort();
        assert_eq!(there, listed, "OWN lists other files than reports/claims/ has");
        for claim in own() {
            assert!(
                claim.says.ends_with('.') && claim.says.len() > 20,
                "{}: no sentence: {}",
                claim.id,
                claim.says
            );
        }
        let published = own().iter().filter(|claim| !claim.publication.address.is_empty());
        let tested = published.filter(|claim| !matches!(claim.test, Test::Impossible { .. }));
        assert!(tested.count() >= 12);
    }

    /// The claims of the documents from which the lab comes.
    #[test]
    fn no_claim_of_the_first_sources_is_forgotten() {
        let ids = [
            "dm-pattern",
            "dm-query",
            "dm-signal",
            "dm-slots",
            "dm-lru",
            "dm-keys",
            "dm-vector",
            "pp-allocs-boxed",
            "pp-inline",
            "pp-shared",
            "pp-insert",
            "pp-variants",
            "pp-payoff",
            "am-overhead",
            "am-build",
            "am-get",
            "am-insert",
            "am-iter",
            "am-upgrade",
            "am-scan",
            "hs-set",
            "hs-get",
            "hs-delete",
            "hs-iterate",
            "hs-push",
            "hs-vector-get",
            "hs-vector-set",
            "hs-vector-iterate",
        ];
        for id in ids {
            assert!(own().iter().any(|claim| claim.id == id), "no claim {id}");
        }
    }

    #[test]
    fn each_kind_of_test_is_read() {
        let one = |fields: &str| read(&format!("{HEAD}{CLAIM}{fields}")).unwrap().remove(0);
        let ratio = one(&format!(
            "{CELLS}more = \"a\"\nless = \"c\"\nat_least = 3\nsizes = [10]\ndecided_by = \"best\"\n"
        ));
        assert_eq!(ratio.publication.spelled(), "A paper, version 1");
        let Test::Ratio { cells, claimed, .. } = &ratio.test else { panic!("{ratio:?}") };
        assert_eq!((cells.tolerance, cells.rule, claimed.at_least), (TOLERANCE, Rule::Best, Some(3.0)));
        let value = one("scenarios = [\"get\"]\nquantity = \"blocks\"\ncontender = \"a\"\nat_most = 4\n");
        assert!(matches!(value.test, Test::Value { .. }));
        let growth = one(
            "scenarios = [\"get\"]\nquantity = \"instructions\"\ncontender = \"a\"\ngrowth = \"O(log n)\"\n",
        );
        assert!(matches!(growth.test, Test::Growth { claimed: Model::Logarithmic, .. }));
        assert!(matches!(
            one("contender = \"a\"\npays_off_from = 3\n").test,
            Test::PayOff { claimed: 3, .. }
        ));
        let only = one(&format!("{CELLS}only_time = true\nmore = \"a\"\nless = \"c\"\n"));
        assert_eq!(only.quantity(), Some(Quantity::Time { stand_in: false }));
        assert!(matches!(one("cannot_be_tested = \"No.\"\n").test, Test::Impossible { .. }));
    }

    #[test]
    fn a_bad_file_gets_a_line_that_says_where_and_what_to_do() {
        let claim = |fields: &str| format!("{HEAD}{CLAIM}{fields}");
        let sides = "more = \"a\"\nless = \"c\"\n";
        let cases = [
            ("[publication\n".to_owned(), "mine.toml:1: "),
            (
                format!("{HEAD}[[claim]]\nid = \"mine\"\nsays = \"So.\"\n"),
                "mine.toml:5: missing field `bottleneck`",
            ),
            (claim("colour = \"red\"\n"), "mine.toml:9: unknown field `colour`"),
            (HEAD.replace("https://a.b/c", "a.b/c"), "begin it with https://"),
            (HEAD.replace("A paper", " "), "mine.toml:1: the publication has no `title`"),
            (claim(""), "mine.toml:6: the claim `mine` names no test"),
            (claim(&format!("{CELLS}{sides}contender = \"a\"\n")), "names no test"),
            (claim(&format!("{CELLS}more = \"a\"\nless = \"a\"\n")), "compares a contender with itself"),
            (claim(&format!("quantity = \"time\"\n{sides}")), "names no `scenarios`"),
            (claim(&format!("scenarios = [\"get\"]\n{sides}")), "names no `quantity`: write one of time,"),
            (
                claim(&format!("scenarios = [\"get\"]\nquantity = \"cold_ns\"\n{sides}")),
                "has the `quantity` `cold_ns`",
            ),
            (
                claim(&format!("scenarios = [\"get\"]\nquantity = \"blocks\"\nonly_time = true\n{sides}")),
                "`only_time`",
            ),
            (claim(&format!("{CELLS}{sides}at_least = 0\n")), "has the `at_least` 0"),
            (claim(&format!("{CELLS}{sides}at_least = 3\nat_most = 2\n")), "swap them"),
            (claim(&format!("{CELLS}{sides}tolerance = 1.5\n")), "has the `tolerance` 1.5"),
            (claim(&format!("{CELLS}{sides}decided_by = \"luck\"\n")), "write one of each, mean, best"),
            (claim(&format!("{CELLS}contender = \"a\"\n")), "says nothing about its `contender`"),
            (
                claim(&format!("{CELLS}contender = \"a\"\ngrowth = \"O(n!)\"\n")),
                "write one of O(1), O(log n)",
            ),
            (claim("cannot_be_tested = \" \"\n"), "for no reason"),
            (claim("cannot_be_tested = \"No.\"\nat_least = 2\n"), "means nothing"),
            (claim("cannot_be_tested = \"No.\"\n").replace("\"mine\"", "\"my own\""), "rename it"),
            (
                claim("cannot_be_tested = \"No.\"\n").replace("\"mine\"", "\"dm-lru\""),
                "is at reports/claims/data-map.toml:",
            ),
        ];
        for (text, expected) in cases {
            let error = read(&text).unwrap_err();
            assert!(error.contains(expected), "{expected}\n{error}");
            assert!(error.starts_with("mine.toml:") && !error.contains('\n'), "{error}");
        }
    }

    #[test]
    fn a_directory_is_read_by_name_and_an_empty_one_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let error = with(home.path()).unwrap_err();
        assert!(
            error.is_bad_input() && error.to_string().contains("no file whose name ends with `.toml`"),
            "{error}"
        );
        assert!(with(&home.path().join("absent.toml")).unwrap_err().is_bad_input());
        for name in ["b", "a"] {
            let text = format!("{HEAD}{CLAIM}cannot_be_tested = \"No.\"\n").replace("mine", name);
            std::fs::write(home.path().join(format!("{name}.toml")), text).unwrap();
        }
        std::fs::write(home.path().join("notes.txt"), "Not a claim.").unwrap();
        let claims = with(home.path()).unwrap();
        let read: Vec<&str> = claims[own().len()..].iter().map(|claim| claim.id.as_str()).collect();
        assert_eq!(read, ["a", "b"]);
    }
}
