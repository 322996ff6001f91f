//! Who answers for the cost of library code: the nearest caller outside the standard library and the shared libraries.
//!
//! A new allocation costs little in the function that asks for it and much in `malloc`; the former is what a reader has
//! to look at. A Callgrind profile holds what the calls from one place to one symbol cost, with everything below them.
//! A library function's cost is divided among its callers in proportion to that, and so on upwards until a function
//! outside the libraries is reached. This is exact as long as library code does not call back. If it does (`sort_by`
//! calls a closure), the closure keeps its own cost, and the rest is divided in the same proportion.

use std::collections::{BTreeMap, BTreeSet, HashMap};

pub use reports::functions::Row;

/// A symbol of a program or a library: its number in a [`CallGraph`].
pub type Symbol = usize;

/// Where a call stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Caller {
    /// In the code of a function outside the libraries, which may be inlined into any symbol.
    Function(String),
    /// In code of a symbol that belongs to no such function.
    Symbol(Symbol),
}

/// The calls of a profile.
#[derive(Debug, Default)]
pub struct CallGraph<'a> {
    numbers: HashMap<(&'a str, &'a str), Symbol>,
    nodes: Vec<Node<'a>>,
}

#[derive(Debug)]
struct Node<'a> {
    object: &'a str,
    label: String,
    /// The function outside the libraries that the symbol was compiled from; `None` for a symbol of a library.
    function: Option<String>,
    /// What its calls cost with everything below them, by caller.
    callers: BTreeMap<Caller, u64>,
}

/// Parts of a whole, between 0 and 1, in order.
type Shares = BTreeMap<Row, f64>;

impl<'a> CallGraph<'a> {
    /// The number of an object's symbol, as Callgrind names it.
    pub fn symbol(&mut self, object: &'a str, name: &'a str) -> Symbol {
        let next = self.nodes.len();
        let number = *self.numbers.entry((object, name)).or_insert(next);
        if number == next {
            // The inner levels of a recursion are `function'2`.
            let label = name.split('\'').next().unwrap_or(name).to_owned();
            self.nodes.push(Node { object, label, function: None, callers: BTreeMap::new() });
        }
        number
    }

    /// Gives a library's symbol a name that reads better than the linker's.
    pub fn set_label(&mut self, symbol: Symbol, label: &str) {
        self.nodes[symbol].label = without_types(label);
    }

    /// Says that a symbol was compiled from a function outside the libraries.
    pub fn set_function(&mut self, symbol: Symbol, function: &str) {
        self.nodes[symbol].function.get_or_insert_with(|| function.to_owned());
    }

    /// Whether a symbol belongs to a library: it was compiled from no function outside.
    pub fn is_of_library(&self, symbol: Symbol) -> bool {
        self.nodes[symbol].function.is_none()
    }

    /// Adds what calls of `symbol` cost, with everything below them.
    pub fn add_calls(&mut self, symbol: Symbol, caller: Caller, inclusive: u64) {
        if inclusive > 0 {
            *self.nodes[symbol].callers.entry(caller).or_default() += inclusive;
        }
    }

    /// Finds who answers for each symbol.
    pub fn answers(&self) -> Answers {
        let groups = self.groups();
        let mut found = BTreeMap::new();
        let shares = groups.iter().map(|group| self.shares(*group, &groups, &mut found)).collect();
        Answers { shares }
    }

    /// The library symbols that call `symbol`.
    fn library_callers(&self, symbol: Symbol) -> impl Iterator<Item = Symbol> {
        let callers = self.nodes[symbol].callers.keys();
        callers.filter_map(|caller| match caller {
            Caller::Symbol(caller) if self.nodes[*caller].function.is_none() => Some(*caller),
            _ => None,
        })
    }

    /// For each symbol the first of those that it calls and is called by, through library code only: a recursion has no
    /// caller within itself.
    fn groups(&self) -> Vec<Symbol> {
        let above: Vec<BTreeSet<Symbol>> = (0..self.nodes.len())
            .map(|symbol| {
                let mut reached = BTreeSet::new();
                let mut next = vec![symbol];
                while let Some(symbol) = next.pop() {
                    next.extend(self.library_callers(symbol).filter(|caller| reached.insert(*caller)));
                }
                reached
            })
            .collect();
        let first = |symbol: Symbol| {
            let mutual = above[symbol].iter().find(|other| above[**other].contains(&symbol));
            mutual.copied().map_or(symbol, |first| first.min(symbol))
        };
        (0..self.nodes.len()).map(first).collect()
    }

    /// The shares of a group. Groups call each other in one direction only, so this ends.
    fn shares(&self, group: Symbol, groups: &[Symbol], found: &mut BTreeMap<Symbol, Shares>) -> Shares {
        if let Some(shares) = found.get(&group) {
            return shares.clone();
        }
        let mut shares = Shares::new();
        let mut whole = 0.0;
        let own = |function: &str| Row { function: function.to_owned(), callee: None };
        if let Some(function) = &self.nodes[group].function {
            shares.insert(own(function), 1.0);
            whole = 1.0;
        }
        let members = (0..groups.len()).filter(|member| groups[*member] == group && whole == 0.0);
        for member in members.collect::<Vec<_>>() {
            let Node { object, label, callers, .. } = &self.nodes[member];
            for (caller, inclusive) in callers {
                let answering = match caller {
                    Caller::Symbol(caller) if groups[*caller] == group => continue,
                    Caller::Symbol(caller) => self.shares(groups[*caller], groups, found),
                    Caller::Function(function) => [(own(function), 1.0)].into(),
                };
                // What a library does for itself belongs to what was asked of it: `sysmalloc` is part of `malloc`.
                let within = match caller {
                    Caller::Symbol(caller) => self.nodes[*caller].object == *object,
                    Caller::Function(_) => false,
                };
                whole += *inclusive as f64;
                for (Row { function, callee }, part) in answering {
                    let callee = callee.filter(|_| within).unwrap_or_else(|| label.clone());
                    *shares.entry(Row { function, callee: Some(callee) }).or_default() +=
                        part * *inclusive as f64;
                }
            }
        }
        if whole == 0.0 {
            shares.insert(own(&self.nodes[group].label), 1.0);
            whole = 1.0;
        }
        shares.values_mut().for_each(|part| *part /= whole);
        found.insert(group, shares.clone());
        shares
    }
}

/// Who answers for each symbol of a [`CallGraph`].
#[derive(Debug)]
pub struct Answers {
    shares: Vec<Shares>,
}

impl Answers {
    /// Divides what was spent in a symbol's own code among those who answer for it. The parts add up to `cost`.
    pub fn divide(&self, symbol: Symbol, cost: u64) -> Vec<(&Row, u64)> {
        let (mut exact, mut given) = (0.0, 0);
        let divided = self.shares[symbol].iter().map(|(answer, part)| {
            exact += part * cost as f64;
            // Rounded as a running sum, so that nothing is lost and nothing is given twice.
            let part = (exact.round() as u64).min(cost) - given;
            given += part;
            (answer, part)
        });
        let mut divided: Vec<(&Row, u64)> = divided.collect();
        if let Some((_, last)) = divided.last_mut() {
            *last += cost - given;
        }
        divided.retain(|(_, part)| *part > 0);
        divided
    }
}

/// A function's name without the types that it is instantiated with: `finish_grow<alloc::alloc::Global>` is `finish_grow`.
fn without_types(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    let mut depth = 0;
    let mut before = ':';
    for letter in name.chars() {
        match letter {
            // A name that begins with `<` is a method of a type: `<alloc::string::String as core::clone::Clone>::clone`.
            '<' if depth > 0 || before.is_alphanumeric() || before == '_' => depth += 1,
            '>' if depth > 0 && before != '-' => depth -= 1,
            _ if depth == 0 => plain.push(letter),
            _ => {}
        }
        before = letter;
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Divides `cost` of a symbol.
    fn divided(graph: &CallGraph<'_>, symbol: Symbol, cost: u64) -> Vec<(String, u64)> {
        let answers = graph.answers();
        let divided = answers.divide(symbol, cost);
        divided.into_iter().map(|(row, part)| (row.to_string(), part)).collect()
    }

    fn expected<const N: usize>(parts: [(&str, u64); N]) -> Vec<(String, u64)> {
        parts.map(|(name, part)| (name.to_owned(), part)).into()
    }

    fn function(name: &str) -> Caller {
        Caller::Function(name.to_owned())
    }

    #[test]
    fn an_allocation_belongs_to_who_asks_for_it() {
        let mut graph = CallGraph::default();
        let shim = graph.symbol("program", "__rust_alloc");
        let [malloc, inner, system] =
            ["malloc", "_int_malloc", "sysmalloc"].map(|it| graph.symbol("libc", it));
        graph.add_calls(shim, function("push"), 300);
        graph.add_calls(shim, function("get"), 100);
        graph.add_calls(malloc, Caller::Symbol(shim), 380);
        graph.add_calls(inner, Caller::Symbol(malloc), 200);
        graph.add_calls(system, Caller::Symbol(inner), 40);
        assert_eq!(
            divided(&graph, shim, 20),
            expected([("get > __rust_alloc", 5), ("push > __rust_alloc", 15)])
        );
        for symbol in [malloc, inner, system] {
            assert_eq!(divided(&graph, symbol, 40), expected([("get > malloc", 10), ("push > malloc", 30)]));
        }
    }

    #[test]
    fn every_caller_of_a_library_function_answers_for_its_own_calls() {
        // One allocates through a vector of std, the other at once.
        let mut graph = CallGraph::default();
        let grow = graph.symbol("program", "grow_one");
        let realloc = graph.symbol("libc", "realloc");
        graph.add_calls(grow, function("push"), 900);
        graph.add_calls(realloc, Caller::Symbol(grow), 800);
        graph.add_calls(realloc, function("shrink"), 200);
        assert_eq!(divided(&graph, grow, 100), expected([("push > grow_one", 100)]));
        assert_eq!(
            divided(&graph, realloc, 1000),
            expected([("push > realloc", 800), ("shrink > realloc", 200)])
        );
    }

    #[test]
    fn a_recursion_of_library_code_belongs_to_who_entered_it() {
        // Dropping a list: drop_in_place -> drop_slow -> drop_in_place'2 -> drop_slow -> …, and each gives a block back.
        let mut graph = CallGraph::default();
        let [drop, slow, again] =
            ["drop_in_place", "drop_slow", "drop_in_place'2"].map(|it| graph.symbol("program", it));
        let free = graph.symbol("libc", "free");
        graph.add_calls(drop, function("clear"), 1000);
        graph.add_calls(slow, Caller::Symbol(drop), 900);
        graph.add_calls(again, Caller::Symbol(slow), 8_000);
        graph.add_calls(slow, Caller::Symbol(again), 70_000);
        graph.add_calls(again, Caller::Symbol(again), 5_000);
        graph.add_calls(slow, function("pop"), 300);
        for symbol in [free, drop] {
            graph.add_calls(symbol, Caller::Symbol(slow), 10);
        }
        let found = divided(&graph, free, 130);
        assert_eq!(found, expected([("clear > free", 100), ("pop > free", 30)]));
        assert_eq!(
            divided(&graph, again, 130),
            expected([("clear > drop_in_place", 100), ("pop > drop_slow", 30)])
        );
    }

    #[test]
    fn a_recursion_of_own_code_keeps_what_is_its_own() {
        let mut graph = CallGraph::default();
        let [own, inner] = ["descend", "descend'2"].map(|it| graph.symbol("program", it));
        let copy = graph.symbol("libc", "memcpy");
        graph.set_function(own, "descend (map.rs)");
        graph.set_function(inner, "descend (map.rs)");
        graph.add_calls(own, function("insert (map.rs)"), 900);
        graph.add_calls(inner, Caller::Symbol(own), 4_000);
        graph.add_calls(inner, Caller::Symbol(inner), 40_000);
        graph.add_calls(copy, Caller::Symbol(inner), 50);
        graph.add_calls(copy, Caller::Symbol(own), 50);
        assert_eq!(divided(&graph, own, 7), expected([("descend (map.rs)", 7)]));
        assert_eq!(divided(&graph, inner, 7), expected([("descend (map.rs)", 7)]));
        assert_eq!(divided(&graph, copy, 9), expected([("descend (map.rs) > memcpy", 9)]));
    }

    #[test]
    fn a_callback_divides_only_the_library_s_part() {
        let mut graph = CallGraph::default();
        let sort = graph.symbol("program", "insertion_sort");
        let compare = graph.symbol("program", "compare");
        graph.set_function(compare, "{closure#0} (sorted.rs)");
        graph.add_calls(sort, function("from_entries (sorted.rs)"), 500);
        graph.add_calls(compare, Caller::Symbol(sort), 400);
        assert_eq!(
            divided(&graph, sort, 100),
            expected([("from_entries (sorted.rs) > insertion_sort", 100)])
        );
        assert_eq!(divided(&graph, compare, 400), expected([("{closure#0} (sorted.rs)", 400)]));
    }

    #[test]
    fn without_a_known_caller_a_symbol_answers_for_itself() {
        let mut graph = CallGraph::default();
        let [alone, other] = ["start", "called"].map(|it| graph.symbol("libc", it));
        graph.add_calls(alone, Caller::Symbol(other), 10);
        graph.add_calls(other, Caller::Symbol(alone), 10);
        graph.add_calls(alone, function("never"), 0);
        assert_eq!(divided(&graph, alone, 5), expected([("start", 5)]));
        assert_eq!(divided(&graph, other, 5), expected([("start", 5)]));
        assert_eq!(divided(&graph, alone, 0), []);
    }

    #[test]
    fn parts_add_up_to_the_whole() {
        let mut graph = CallGraph::default();
        let malloc = graph.symbol("libc", "malloc");
        for (caller, inclusive) in [("a", 1), ("b", 1), ("c", 1), ("d", 4), ("e", 999_999_999_999)] {
            graph.add_calls(malloc, function(caller), inclusive);
        }
        for cost in (0..50).chain([1_000_003, u64::from(u32::MAX), 1 << 50]) {
            let sum: u64 = divided(&graph, malloc, cost).iter().map(|(_, part)| part).sum();
            assert_eq!(sum, cost);
        }
    }

    #[test]
    fn labels_have_no_types() {
        for (name, plain) in [
            ("finish_grow<alloc::alloc::Global>", "finish_grow"),
            ("alloc::sync::Arc<T,A>::as_ptr", "alloc::sync::Arc::as_ptr"),
            ("f<fn(u64) -> Vec<u64>, u8>::g", "f::g"),
            (
                "<alloc::string::String as core::clone::Clone>::clone",
                "<alloc::string::String as core::clone::Clone>::clone",
            ),
            ("<alloc::vec::Vec<T> as Drop>::drop", "<alloc::vec::Vec as Drop>::drop"),
            ("__rustc::__rust_alloc", "__rustc::__rust_alloc"),
        ] {
            assert_eq!(without_types(name), plain);
        }
    }
}
