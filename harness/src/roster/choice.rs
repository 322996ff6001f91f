//! Converts mixes of operations to the types of the record.

use reports::choice::{ChoiceInfo, CostInfo, KeyInfo, MixInfo, PairInfo, Purpose, TypicalInfo, WordInfo};
use scenarios::mix::{Choice, Mix};
use scenarios::{Bottleneck, Purpose as Declared, Scenario};

/// What a scenario is for, if it is not there to compare contenders.
///
/// # Panics
/// If it declares a mix that its bottleneck does not know; a test looks for those.
pub fn purpose(bottleneck: &Bottleneck, scenario: &Scenario) -> Option<Purpose> {
    match scenario.purpose {
        Declared::Comparison => None,
        Declared::Cost => Some(Purpose::Cost),
        Declared::Mix(text) => {
            bottleneck.choice.map(|choice| Purpose::Mix(Box::new(mix(choice, &declared(choice, text)))))
        }
    }
}

/// Which mixes a bottleneck knows.
///
/// # Panics
/// If one of its typical mixes is none; a test looks for those.
pub fn of(choice: &Choice) -> ChoiceInfo {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let keys = choice.keys.iter();
    let words = choice.words.iter();
    let pairs = choice.pairs.iter();
    let parts = choice.parts.iter().map(|part| CostInfo {
        name: part.name.to_owned(),
        unshared: owned(part.unshared),
        kept: owned(part.kept),
        seldom: owned(part.seldom),
        changes: part.changes,
        visits_all: part.visits_all,
    });
    let typical = choice.typical.iter().map(|(title, text)| TypicalInfo {
        title: (*title).to_owned(),
        mix: mix(choice, &declared(choice, text)),
    });
    ChoiceInfo {
        items: choice.items.to_owned(),
        size_stays: choice.size_stays.to_owned(),
        keys: keys.map(|key| KeyInfo { name: key.name.to_owned(), suffix: key.suffix.to_owned() }).collect(),
        words: words
            .map(|word| WordInfo {
                name: word.name.to_owned(),
                summary: word.summary.to_owned(),
                part: word.part.map(str::to_owned),
            })
            .collect(),
        pairs: pairs
            .map(|pair| PairInfo { words: pair.words.map(str::to_owned), part: pair.part.to_owned() })
            .collect(),
        parts: parts.collect(),
        every: choice.every,
        typical: typical.collect(),
    }
}

fn declared(choice: &Choice, text: &str) -> Mix {
    Mix::parse(choice, text).unwrap_or_else(|fault| unreachable!("the mix `{text}`: {fault}"))
}

/// A mix as the record's type.
pub fn mix(choice: &Choice, mix: &Mix) -> MixInfo {
    let words = choice.words.iter().map(|word| word.name.to_owned()).zip(mix.words.iter().copied());
    let parts = choice.parts.iter().map(|part| part.name.to_owned()).zip(mix.parts.iter().copied());
    MixInfo {
        key: choice.keys[mix.key].name.to_owned(),
        size: mix.size as u64,
        versions: mix.versions,
        words: words.filter(|(_, share)| *share > 0.0).collect(),
        parts: parts.filter(|(_, count)| *count > 0.0).collect(),
    }
}

#[cfg(test)]
mod tests {
    use scenarios::BOTTLENECKS;

    use super::*;

    #[test]
    fn what_is_declared_of_mixes_is_there() {
        let mut declared = 0;
        for bottleneck in BOTTLENECKS {
            let Some(choice) = bottleneck.choice else {
                let mut purposes = bottleneck.scenarios.iter().map(|scenario| scenario.purpose);
                assert!(purposes.all(|purpose| purpose == Declared::Comparison), "{}", bottleneck.name);
                continue;
            };
            declared += 1;
            let info = of(choice);
            let scenarios =
                info.parts.iter().flat_map(|part| [&part.unshared, &part.kept, &part.seldom]).flatten();
            for scenario in scenarios {
                for key in &info.keys {
                    let name = format!("{scenario}{}", key.suffix);
                    let mut listed = bottleneck.scenarios.iter().map(|scenario| scenario.name);
                    assert!(listed.any(|listed| listed == name), "{}: no {name}", bottleneck.name);
                }
            }
            let mut tested = 0;
            for scenario in bottleneck.scenarios {
                if let Some(Purpose::Mix(mix)) = purpose(bottleneck, scenario) {
                    tested += 1;
                    let sizes = scenario.sizes.expect("a mix has a size of its own");
                    assert_eq!(sizes.full, [mix.size as usize], "{}", scenario.name);
                }
            }
            assert!(tested >= 12 && !info.typical.is_empty(), "{}", bottleneck.name);
            let mut own = bottleneck.own_scenarios();
            assert!(
                own.any(|scenario| scenario.name == choice.own),
                "{}: no {}",
                bottleneck.name,
                choice.own
            );
        }
        assert!(declared > 0);
    }
}
