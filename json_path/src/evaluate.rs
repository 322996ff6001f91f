//! Evaluation: which nodes of a document a query selects.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::ControlFlow;

use regex::Regex;

use crate::compare::{Operand, holds};
use crate::document::{Document, View};
use crate::number::Numeric;
use crate::regexp;
use crate::syntax::{Comparable, Literal, Logical, Matching, Pattern, Query, Segment, Selector, Subquery};

impl Query {
    /// Calls `visit` with every node that the query selects, as often as it selects the node, until `visit` breaks. The
    /// query's own `$` is `start`. A `$` in a filter is `root`, which is another node only if the query is the rest of one
    /// whose beginning was evaluated otherwise.
    pub fn select<D: Document>(
        &self,
        document: &D,
        root: D::Node,
        start: D::Node,
        visit: impl FnMut(D::Node) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let run = Run { document, root, patterns: RefCell::default() };
        run.select(&self.segments, start, visit)
    }
}

/// One evaluation of a query.
struct Run<'a, D: Document> {
    document: &'a D,
    root: D::Node,
    /// Patterns from the document, by their texts and whether they match whole texts.
    patterns: RefCell<HashMap<(String, bool), Option<Regex>>>,
}

/// Something still to be done: to apply the segments from `segment` on.
struct Task<N> {
    node: N,
    segment: usize,
    /// Whether the segment is a descendant one, still to be applied below the node, too.
    below: bool,
}

impl<D: Document> Run<'_, D> {
    /// Visits what the segments select from `start`.
    fn select(
        &self,
        segments: &[Segment],
        start: D::Node,
        mut visit: impl FnMut(D::Node) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        // A loop, because documents may be deeper and queries longer than the stack allows. What comes first is last.
        let mut tasks = Vec::new();
        let task = |node, segment: usize| Task {
            node,
            segment,
            below: segments.get(segment).is_some_and(|segment| segment.descendant),
        };
        tasks.push(task(start, 0));
        while let Some(Task { node, segment: at, below }) = tasks.pop() {
            let Some(segment) = segments.get(at) else {
                visit(node)?;
                continue;
            };
            if below {
                let first = tasks.len();
                tasks.extend(self.document.children(node).map(|node| Task { node, segment: at, below }));
                tasks[first..].reverse();
            }
            if at + 1 == segments.len() {
                self.apply(segment, node, &mut visit)?;
                continue;
            }
            let first = tasks.len();
            let _ = self.apply(segment, node, &mut |node| {
                tasks.push(task(node, at + 1));
                ControlFlow::Continue(())
            });
            tasks[first..].reverse();
        }
        ControlFlow::Continue(())
    }

    /// Calls `emit` with the children of a node that a segment selects.
    fn apply(
        &self,
        segment: &Segment,
        node: D::Node,
        emit: &mut impl FnMut(D::Node) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        for selector in &segment.selectors {
            match selector {
                Selector::Name(_) | Selector::Index(_) => {
                    if let Some(child) = self.child(node, selector) {
                        emit(child)?;
                    }
                }
                Selector::Slice { start, end, step } => {
                    if let View::Array(length) = self.document.view(node) {
                        for index in indices(length, *start, *end, *step) {
                            if let Some(element) = self.document.element(node, index) {
                                emit(element)?;
                            }
                        }
                    }
                }
                Selector::Wildcard => self.document.children(node).try_for_each(&mut *emit)?,
                Selector::Filter(logical) => {
                    for child in self.document.children(node) {
                        let mark = self.document.mark();
                        let selected = self.test(logical, child);
                        self.document.release(mark);
                        if selected {
                            emit(child)?;
                        }
                    }
                }
            }
        }
        ControlFlow::Continue(())
    }

    /// The child that a name or an index selects.
    fn child(&self, node: D::Node, selector: &Selector) -> Option<D::Node> {
        match selector {
            Selector::Name(name) => self.document.member(node, name),
            Selector::Index(index) if *index < 0 => {
                let View::Array(length) = self.document.view(node) else { return None };
                let from_end = usize::try_from(index.unsigned_abs()).ok()?;
                self.document.element(node, length.checked_sub(from_end)?)
            }
            Selector::Index(index) => self.document.element(node, usize::try_from(*index).ok()?),
            Selector::Slice { .. } | Selector::Wildcard | Selector::Filter(_) => None,
        }
    }

    fn test(&self, logical: &Logical, node: D::Node) -> bool {
        match logical {
            Logical::Any(any) => any.iter().any(|logical| self.test(logical, node)),
            Logical::All(all) => all.iter().all(|logical| self.test(logical, node)),
            Logical::Not(inner) => !self.test(inner, node),
            Logical::Exists(query) => {
                self.select(&query.segments, self.start(query, node), |_| ControlFlow::Break(())).is_break()
            }
            Logical::Compare { left, comparison, right } => {
                holds(self.document, &self.operand(left, node), *comparison, &self.operand(right, node))
            }
            Logical::Matches(matching) => self.matches(matching, node),
        }
    }

    fn start(&self, query: &Subquery, node: D::Node) -> D::Node {
        if query.absolute { self.root } else { node }
    }

    fn operand<'a>(&'a self, comparable: &'a Comparable, node: D::Node) -> Operand<'a, D::Node> {
        let number = |count: usize| Operand::Scalar(View::Number(Numeric::Integer(count as i128)));
        match comparable {
            Comparable::Literal(literal) => Operand::Scalar(match literal {
                Literal::Null => View::Null,
                Literal::Bool(flag) => View::Bool(*flag),
                Literal::Number(number) => View::Number(*number),
                Literal::String(text) => View::String(text),
            }),
            Comparable::Singular(query) => {
                let mut selectors = query.segments.iter().flat_map(|segment| &segment.selectors);
                selectors
                    .try_fold(self.start(query, node), |node, selector| self.child(node, selector))
                    .map_or(Operand::Nothing, Operand::Node)
            }
            Comparable::Length(argument) => match self.operand(argument, node).view(self.document) {
                Some(View::String(text)) => number(text.chars().count()),
                Some(View::Array(length) | View::Object(length)) => number(length),
                _ => Operand::Nothing,
            },
            Comparable::Count(query) => {
                let mut count = 0;
                let _ = self.select(&query.segments, self.start(query, node), |_| {
                    count += 1;
                    ControlFlow::Continue(())
                });
                number(count)
            }
            Comparable::Value(query) => {
                let mut found = Operand::Nothing;
                let outcome = self.select(&query.segments, self.start(query, node), |node| match found {
                    Operand::Nothing => {
                        found = Operand::Node(node);
                        ControlFlow::Continue(())
                    }
                    // Two nodes have no one value.
                    _ => ControlFlow::Break(()),
                });
                if outcome.is_break() { Operand::Nothing } else { found }
            }
        }
    }

    fn matches(&self, matching: &Matching, node: D::Node) -> bool {
        let Some(View::String(text)) = self.operand(&matching.text, node).view(self.document) else {
            return false;
        };
        match &matching.pattern {
            Pattern::Fixed(regex) => regex.is_match(text),
            Pattern::Invalid => false,
            Pattern::Computed(pattern) => {
                let Some(View::String(pattern)) = self.operand(pattern, node).view(self.document) else {
                    return false;
                };
                let mut patterns = self.patterns.borrow_mut();
                let regex = patterns
                    .entry((pattern.to_owned(), matching.whole))
                    .or_insert_with(|| regexp::compile(pattern, matching.whole).ok());
                regex.as_ref().is_some_and(|regex| regex.is_match(text))
            }
        }
    }
}

/// The indices that a slice selects, in its order (RFC 9535, section 2.3.4.2.2).
fn indices(length: usize, start: Option<i64>, end: Option<i64>, step: i64) -> impl Iterator<Item = usize> {
    // Lengths and integers of queries are far below the bounds, so that nothing overflows.
    let length = length as i64;
    let normal = |index: i64| if index < 0 { length + index } else { index };
    let (first, end) = if step >= 0 {
        let bound = |index: i64| normal(index).clamp(0, length);
        (start.map_or(0, bound), end.map_or(length, bound))
    } else {
        let bound = |index: i64| normal(index).clamp(-1, length - 1);
        (start.map_or(length - 1, bound), end.map_or(-1, bound))
    };
    let goes_on = move |index: &i64| if step > 0 { *index < end } else { step < 0 && *index > end };
    let next = move |index: &i64| index.checked_add(step);
    std::iter::successors(Some(first), next).take_while(goes_on).map(|index| index as usize)
}
