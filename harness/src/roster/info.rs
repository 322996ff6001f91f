//! Converts the roster to the types of the record.

use reports::record::{
    BottleneckInfo, CaveatInfo, CompositionInfo, ContenderInfo, MemoryInfo, MixtureInfo, PartInfo, Record,
    Role as RecordRole, ScenarioInfo, TrialRecord,
};
use scenarios::{Bottleneck, Capability, Composition, Contender, Role, Scenario};

use super::cell::Roster;
use super::choice;

/// A role as the record's type.
pub fn role(role: Role) -> RecordRole {
    match role {
        Role::Naive => RecordRole::Naive,
        Role::Optimized => RecordRole::Optimized,
        Role::Peer => RecordRole::Peer,
        Role::Bound => RecordRole::Bound,
    }
}

/// A bottleneck as the record's type.
pub fn bottleneck(roster: Roster<'_>, bottleneck: &Bottleneck, trials: &[TrialRecord]) -> BottleneckInfo {
    let scenarios = Roster { concurrent: false, ..roster }.scenarios(bottleneck);
    let info = |scenario: &Scenario| ScenarioInfo {
        name: scenario.name.to_owned(),
        summary: scenario.summary.to_owned(),
        unit: scenario.unit.to_owned(),
        keeps_versions: scenario.requires.contains(&Capability::Persistent),
        purpose: choice::purpose(bottleneck, scenario),
    };
    let was_tried = |scenario: &&Scenario| {
        let mut names = trials.iter().map(|trial| &trial.name);
        names.any(|name| name.bottleneck == bottleneck.name && name.scenario == scenario.name)
    };
    BottleneckInfo {
        name: bottleneck.name.to_owned(),
        title: bottleneck.title.to_owned(),
        question: bottleneck.question.to_owned(),
        reference: bottleneck.reference.to_owned(),
        memory: bottleneck
            .memory
            .iter()
            .map(|memory| MemoryInfo {
                unit: memory.unit.to_owned(),
                built: memory.built.to_owned(),
                kept: memory.kept.to_owned(),
                versions: memory.versions,
            })
            .collect(),
        composition: bottleneck.composition.map(composition),
        choice: bottleneck.choice.map(choice::of),
        scenarios: scenarios.map(info).collect(),
        concurrent: bottleneck.concurrent.iter().filter(was_tried).map(info).collect(),
    }
}

fn composition(composition: &Composition) -> CompositionInfo {
    let parts = composition.parts.iter().map(|part| PartInfo {
        name: part.name.to_owned(),
        title: part.title.to_owned(),
        bottleneck: part.bottleneck.to_owned(),
        naive: part.naive.to_owned(),
        planned: part.planned.to_owned(),
        best: part.best.to_owned(),
        optimisation: part.optimisation.to_owned(),
    });
    let mixtures = composition
        .mixtures
        .iter()
        .map(|mixture| MixtureInfo { contender: mixture.contender.to_owned(), best: owned(mixture.best) });
    CompositionInfo {
        parts: parts.collect(),
        mixtures: mixtures.collect(),
        planned: composition.planned.to_owned(),
        programs: owned(composition.programs),
    }
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// A record of one bottleneck without cells: its description and its contenders.
pub fn record(roster: Roster<'_>, of: &Bottleneck) -> Record {
    let own = roster.contenders.iter().filter(|contender| contender.bottleneck.name == of.name);
    Record {
        bottlenecks: vec![bottleneck(roster, of, &[])],
        contenders: own.map(contender).collect(),
        ..Record::default()
    }
}

/// A contender as the record's type. A check that it is known to fail becomes a badge.
pub fn contender(contender: &Contender) -> ContenderInfo {
    let about = &contender.about;
    let caveats = about.caveats.iter().map(|caveat| (caveat.badge.to_owned(), caveat.text));
    let failures = about.known_failures.iter().map(|known| (format!("fails: {}", known.check), known.text));
    ContenderInfo {
        bottleneck: contender.bottleneck.name.to_owned(),
        name: about.name.to_owned(),
        role: role(about.role),
        summary: about.summary.to_owned(),
        source: about.source.to_owned(),
        analysis: about.analysis.to_owned(),
        complexity: about
            .complexity
            .iter()
            .map(|(operation, growth)| ((*operation).to_owned(), growth.to_string()))
            .collect(),
        caveats: caveats
            .chain(failures)
            .map(|(badge, text)| CaveatInfo { badge, text: text.to_owned() })
            .collect(),
    }
}
