//! What a reader's own mix of operations costs: the section of a bottleneck with the form, typical mixes, and how far the
//! predictions are off.

use super::format;
use crate::choose::{Model, Prediction, Spread, Tested};
use crate::record::{KeyInfo, MixInfo, Purpose, Record, WordInfo};

/// The section's script, a file beside the pages.
pub const SCRIPT: &str = include_str!("../../templates/choose.js");

/// The section's rules, which the style sheet of every page has.
pub const STYLE: &str = include_str!("../../templates/choose.css");

/// The section.
pub struct Section {
    /// How a mix keeps the size the same.
    pub size_stays: String,
    pub keys: Vec<KeyInfo>,
    pub words: Vec<WordInfo>,
    /// The mix that the form begins with, as the script keeps it in the address.
    pub state: String,
    /// The smallest and the largest size of the form.
    pub least: u64,
    pub most: u64,
    /// How far predictions are off, in sentences; `None` if none was tested.
    pub spread: Option<String>,
    pub typical: Vec<Typical>,
    pub tested: Vec<TestedMix>,
    /// The model as JSON, which may stand in a script element.
    pub data: String,
}

/// A typical mix and who takes least.
pub struct Typical {
    pub title: String,
    pub mix: String,
    pub winner: String,
    pub cost: String,
    pub next: String,
}

/// A mixed scenario: predicted ÷ measured over its contenders, and who wins.
pub struct TestedMix {
    pub scenario: String,
    pub mix: String,
    pub least: String,
    pub middle: String,
    pub largest: String,
    pub predicted: String,
    pub measured: String,
}

impl Section {
    /// `None` if the bottleneck knows no mixes, or the record does not tell what they cost.
    pub fn new(record: &Record, bottleneck: &str) -> Option<Self> {
        let model = Model::of(record, bottleneck)?;
        let (least, most) = model.sizes()?;
        let errors = model.errors(record, bottleneck);
        let spread = Spread::of(&errors, model.error.unwrap_or(0.0)).map(|spread| sentences(&spread));
        let typical = model.choice.typical.iter().filter_map(|typical| {
            let prediction = model.predict(&typical.mix);
            let first = prediction.ranked.first()?;
            Some(Typical {
                title: typical.title.clone(),
                mix: spelled(&typical.mix),
                winner: first.name.clone(),
                cost: format::value(first.cost),
                next: next(&prediction),
            })
        });
        let typical: Vec<Typical> = typical.collect();
        let first = model.choice.typical.first().map(|typical| typical.mix.clone()).unwrap_or_default();
        // In a script element, `<` might end it.
        let data = serde_json::to_string(&model).unwrap_or_default().replace('<', "\\u003c");
        Some(Section {
            size_stays: model.choice.size_stays.clone(),
            keys: model.choice.keys.clone(),
            words: model.choice.words.clone(),
            state: state(&model, &first),
            least,
            most,
            spread,
            typical,
            tested: tested(record, bottleneck, &errors),
            data,
        })
    }
}

/// A mix as the script keeps it in the address.
fn state(model: &Model, mix: &MixInfo) -> String {
    let words = model.choice.words.iter().map(|word| {
        let share = mix.words.get(&word.name).copied().unwrap_or(0.0);
        format!("{}:{share}", word.name)
    });
    let head =
        [format!("key:{}", mix.key), format!("size:{}", mix.size), format!("versions:{}", mix.versions)];
    head.into_iter().chain(words).collect::<Vec<_>>().join(",")
}

fn spelled(mix: &MixInfo) -> String {
    let words = mix.words.iter().map(|(word, share)| format!("{word} {}", rounded(*share)));
    let versions = match mix.versions {
        0.0 => "no versions".to_owned(),
        versions => format!("{} versions per 1,000", rounded(versions)),
    };
    let words = words.collect::<Vec<_>>().join(", ");
    format!("{}, n = {}; {words}; {versions}", mix.key, format::size(mix.size))
}

/// A number with one digit behind the point, if it is not 0.
fn rounded(value: f64) -> String {
    format!("{value:.1}").replace(".0", "")
}

/// Who comes next, and how much more they take.
fn next(prediction: &Prediction) -> String {
    let [first, second, ..] = &prediction.ranked[..] else { return format::ABSENT.to_owned() };
    let ties = prediction.ranked.iter().filter(|row| row.is_tie);
    let ties: Vec<&str> = ties.map(|row| row.name.as_str()).collect();
    let margin = rounded((second.cost / first.cost - 1.0) * 100.0);
    let next = format!("{} takes {margin} % more", second.name);
    if ties.is_empty() { next } else { format!("{next}; as good within the error: {}", ties.join(", ")) }
}

fn sentences(spread: &Spread) -> String {
    let percent = |share: f64| format!("{} %", rounded(share * 100.0));
    let [_, tenth, middle, ninth, _] = spread.ratios.map(|ratio| format!("{ratio:.2}"));
    format!(
        "The record tests {} predictions in {} mixes that were drawn at random: predicted ÷ measured is {middle} in the \
         middle, and from {tenth} to {ninth} for eight of ten. Half of them are off by {} at most, and nine of ten by {}. \
         The contender that is predicted to take least does in {} of the {} mixes, and is as good as the one that does \
         within that error in {} more.",
        spread.predictions,
        spread.mixes,
        percent(spread.median),
        percent(spread.ninth),
        spread.winners,
        spread.mixes,
        spread.ties
    )
}

/// What was tested, mix by mix.
fn tested(record: &Record, bottleneck: &str, errors: &[Tested]) -> Vec<TestedMix> {
    let infos = record.bottlenecks.iter().filter(|info| info.name == bottleneck);
    let rows = infos.flat_map(|info| &info.scenarios).filter_map(|scenario| {
        let Some(Purpose::Mix(mix)) = &scenario.purpose else { return None };
        let of_mix: Vec<&Tested> = errors.iter().filter(|tested| tested.mix == scenario.name).collect();
        let mut ratios: Vec<f64> = of_mix.iter().map(|tested| tested.predicted / tested.measured).collect();
        ratios.sort_by(f64::total_cmp);
        let ratio = |at: usize| format!("{:.2}", ratios[at]);
        let best = |cost: fn(&Tested) -> f64| {
            let best = of_mix.iter().min_by(|left, right| cost(left).total_cmp(&cost(right)));
            best.map_or_else(String::new, |tested| tested.contender.clone())
        };
        (!ratios.is_empty()).then(|| TestedMix {
            scenario: scenario.name.clone(),
            mix: spelled(mix),
            least: ratio(0),
            middle: ratio(ratios.len() / 2),
            largest: ratio(ratios.len() - 1),
            predicted: best(|tested| tested.predicted),
            measured: best(|tested| tested.measured),
        })
    });
    rows.collect()
}
