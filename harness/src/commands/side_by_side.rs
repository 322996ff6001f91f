//! Two cells side by side: which functions make the difference.

use anyhow::Result;
use reports::functions::{Spent, pairs};

use super::output::{count, print, table};
use crate::judge::explained::Explained;

fn spent(cell: &Explained) -> Spent<'_> {
    Spent { functions: &cell.functions, ops: cell.ops }
}

/// Prints both cells, and the `top` functions that make most of the difference.
pub fn show(left: &Explained, right: &Explained, top: usize) -> Result<()> {
    let per_op = |cell: &Explained| cell.instructions as f64 / cell.ops.max(1) as f64;
    for (letter, cell) in ["A", "B"].into_iter().zip([left, right]) {
        print(&format!(
            "{letter}  {}: {} instructions, {:.1} for each of {}",
            cell.cell,
            count(cell.instructions),
            per_op(cell),
            count(cell.ops)
        ))?;
    }
    print(&format!("B needs {:.2} times as many as A for each operation.", per_op(right) / per_op(left)))?;
    let mut table = table(&["A per op", "B per op", "B - A", "function"], 0);
    if let Some(last) = table.column_iter_mut().last() {
        last.set_cell_alignment(comfy_table::CellAlignment::Left);
    }
    let spelled = |cost: Option<f64>| cost.map_or("–".to_owned(), |cost| format!("{cost:.1}"));
    let pairs = pairs(spent(left), spent(right));
    let (shown, rest) = pairs.split_at(top.min(pairs.len()));
    for pair in shown.iter().flat_map(|(function, callees)| std::iter::once(function).chain(callees)) {
        let name = pair
            .callee
            .as_ref()
            .map_or_else(|| pair.function.clone(), |callee| format!("  of which {callee}"));
        table.add_row([spelled(pair.left), spelled(pair.right), format!("{:+.1}", pair.difference()), name]);
    }
    print(&table.to_string())?;
    if !rest.is_empty() {
        let difference: f64 = rest.iter().map(|(function, _)| function.difference()).sum();
        print(&format!("{} more functions: {difference:+.1}", rest.len()))?;
    }
    Ok(())
}
