//! Charts: how a metric grows with size, how a bottleneck's contenders compare overall, and which part of a contender saves
//! how much.

use plotters::coord::Shift;
use plotters::coord::combinators::{BindKeyPoints, IntoLogRange};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::axis::Axis;
use super::format;
use super::svg::{self, Ink, SCALE, Svg};
use crate::metric::{self, Metric};
use crate::view::{BottleneckView, ScenarioView};

/// Width and height of a scaling chart, in units of about one CSS pixel.
const SCALING: (u32, u32) = (400, 250);
/// Width of a standings chart, and the height of one of its lines.
const STANDINGS: (u32, u32) = (390, 23);
/// Width of a waterfall, and the height of one of its bars with the space around it.
const WATERFALL: (u32, u32) = (400, 20);
const LABEL: f64 = 11.0;
/// Radius of the marker at a point, in the same units.
const MARKER: f64 = 3.0;

/// Drawing failed inside plotters.
pub type DrawingError = DrawingAreaErrorKind<std::convert::Infallible>;

/// The outcome of drawing a chart.
pub enum Chart {
    /// Drawn: an `svg` element.
    Drawn(String),
    /// Every contender has zero at every size, so there is nothing to draw.
    AllZero,
    /// Nothing was measured.
    Absent,
}

fn px(units: f64) -> i32 {
    (units * f64::from(SCALE)).round() as i32
}

fn label() -> TextStyle<'static> {
    ("sans-serif", px(LABEL)).into_font().color(&Ink::Text.color())
}

/// A log-log chart of `metric` over size, with one series per contender of `names`.
///
/// # Errors
/// If plotters fails.
pub fn scaling(scenario: &ScenarioView<'_>, names: &[&str], metric: Metric) -> Result<Chart, DrawingError> {
    let mut values = Vec::new();
    for (size, at) in scenario.sizes.iter().flat_map(|size| (0..names.len()).map(move |at| (*size, at))) {
        values.extend(scenario.value(metric, size, at));
        if let Some((low, high)) = scenario.cell(size, at).and_then(|cell| metric.interval(cell)) {
            // An interval that reaches zero must not stretch the axis down to it.
            values.extend([low, high].into_iter().filter(|bound| *bound > 0.0));
        }
    }
    if values.is_empty() {
        return Ok(Chart::Absent);
    }
    let (Some(x), Some(y)) = (Axis::of_sizes(&scenario.sizes), Axis::of_values(&values)) else {
        return Ok(Chart::AllZero);
    };

    let mut svg = Svg::new(SCALING.0, SCALING.1);
    {
        let area = (&mut svg).into_drawing_area();
        draw_scaling(&area, scenario, names.len(), metric, (&x, &y))?;
    }
    let (unit, name) = (metric.unit(), &scenario.info.name);
    let text = format!("{name}: {unit} per {} by size", scenario.info.unit);
    Ok(Chart::Drawn(svg.finish(&text)))
}

fn draw_scaling(
    area: &DrawingArea<&mut Svg, Shift>,
    scenario: &ScenarioView<'_>,
    contenders: usize,
    metric: Metric,
    (x, y): (&Axis, &Axis),
) -> Result<(), DrawingError> {
    let mut chart = ChartBuilder::on(area)
        .margin_top(px(8.0))
        .margin_right(px(10.0))
        .x_label_area_size(px(22.0))
        .y_label_area_size(px(44.0))
        .build_cartesian_2d(
            (x.low..x.high).log_scale().with_key_points(x.ticks.clone()),
            (y.low..y.high).log_scale().with_key_points(y.ticks.clone()),
        )?;
    let tick = |axis: &Axis, place: f64| {
        if axis.is_zero(place) { "0".to_owned() } else { format::tick(place) }
    };
    chart
        .configure_mesh()
        .bold_line_style(Ink::Grid.color())
        .axis_style(Ink::Axis.color())
        .set_all_tick_mark_size(svg::TICK)
        .label_style(label())
        .x_label_formatter(&|place| tick(x, *place))
        .y_label_formatter(&|place| tick(y, *place))
        .draw()?;

    // Where a line leads through every point and nothing else is drawn, the style sets the markers.
    let is_marked = is_marked(scenario, contenders, metric);
    // The last contender is drawn first, so that the first one of the tables lies on top.
    for at in (0..contenders).rev() {
        let ink = if is_marked { Ink::Marked(at as u8) } else { Ink::Series(at as u8) };
        let style = ink.color();
        let mut line: Vec<(f64, f64)> = Vec::new();
        let mut points = Vec::new();
        let mut whiskers = Vec::new();
        for size in &scenario.sizes {
            let Some(cell) = scenario.cell(*size, at) else { continue };
            let Some(place_x) = x.place(*size as f64) else { continue };
            let Some(place_y) = metric.value(cell).and_then(|value| y.place(value)) else { continue };
            points.push((place_x, place_y));
            if y.is_zero(place_y) {
                // No slope leads to zero on a logarithmic axis, so the line is interrupted.
                chart.draw_series(LineSeries::new(std::mem::take(&mut line), style))?;
            } else {
                line.push((place_x, place_y));
            }
            if let Some((low, high)) = metric.interval(cell) {
                let ends = [low, high].map(|end| (place_x, end.clamp(y.low, y.high)));
                let reach = ends.map(|end| {
                    (chart.backend_coord(&end).1 - chart.backend_coord(&(place_x, place_y)).1).abs()
                });
                // The marker covers what is shorter than itself.
                if reach.into_iter().any(|reach| reach > px(MARKER)) {
                    whiskers.push(ends);
                }
            }
        }
        chart.draw_series(LineSeries::new(line, style))?;
        if is_marked {
            continue;
        }
        chart.draw_series(whiskers.into_iter().map(|ends| PathElement::new(ends, style)))?;
        chart.draw_series(points.into_iter().map(|place| Circle::new(place, px(MARKER), style.filled())))?;
    }
    Ok(())
}

/// Whether every point of a scaling chart is on a line, and none has an interval.
fn is_marked(scenario: &ScenarioView<'_>, contenders: usize, metric: Metric) -> bool {
    let mut cells =
        scenario.sizes.iter().flat_map(|size| (0..contenders).filter_map(move |at| scenario.cell(*size, at)));
    cells.all(|cell| metric.interval(cell).is_none() && metric.value(cell) != Some(0.0))
}

/// One line of a standings chart.
pub struct Line<'a> {
    /// The contender's index, which decides its colour and marker.
    pub contender: usize,
    /// Its name.
    pub name: &'a str,
    /// Its overall ratio.
    pub score: f64,
    /// Its ratio in each scenario.
    pub dots: Vec<f64>,
}

/// A chart with one line per contender: a marker at its overall ratio, a dot for each scenario.
/// `None` where there is nothing to draw.
///
/// # Errors
/// If plotters fails.
pub fn standings(lines: &[Line<'_>], description: &str) -> Result<Option<String>, DrawingError> {
    let values: Vec<f64> =
        lines.iter().flat_map(|line| line.dots.iter().copied().chain([line.score])).chain([1.0]).collect();
    let Some(axis) = Axis::of_values(&values).filter(|_| !lines.is_empty()) else { return Ok(None) };
    let height = lines.len() as u32 * STANDINGS.1 + 34;
    let mut svg = Svg::new(STANDINGS.0, height);
    {
        let area = (&mut svg).into_drawing_area();
        draw_standings(&area, lines, &axis)?;
    }
    Ok(Some(svg.finish(description)))
}

fn draw_standings(
    area: &DrawingArea<&mut Svg, Shift>,
    lines: &[Line<'_>],
    axis: &Axis,
) -> Result<(), DrawingError> {
    let rows = lines.len();
    let middle = |row: usize| rows as f64 - row as f64 - 0.5;
    let mut chart = ChartBuilder::on(area)
        .margin_top(px(4.0))
        .margin_right(px(14.0))
        .x_label_area_size(px(22.0))
        .y_label_area_size(px(96.0))
        .build_cartesian_2d(
            (axis.low..axis.high).log_scale().with_key_points(axis.ticks.clone()),
            0.0..rows as f64,
        )?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .bold_line_style(Ink::Grid.color())
        .axis_style(Ink::Axis.color())
        .set_all_tick_mark_size(svg::TICK)
        .label_style(label())
        .x_label_formatter(&|place| format!("{}×", format::tick(*place)))
        .disable_y_axis()
        .y_label_formatter(&|_| String::new())
        .draw()?;
    // The line of equality.
    chart.draw_series([PathElement::new([(1.0, 0.0), (1.0, rows as f64)], Ink::Axis.color())])?;
    let beside = label().pos(Pos::new(HPos::Right, VPos::Center));
    for (row, line) in lines.iter().enumerate() {
        let (left, y) = chart.backend_coord(&(axis.low, middle(row)));
        area.draw_text(&shortened(line.name, 14), &beside, (left - px(8.0), y))?;
        let ink = line.contender as u8;
        let dots = line.dots.iter().filter_map(|ratio| axis.place(*ratio));
        let faint = Ink::Faint(ink).color().filled();
        chart.draw_series(dots.map(|place| Circle::new((place, middle(row)), 1, faint)))?;
        let strong = Ink::Series(ink).color().filled();
        let place = axis.place(line.score);
        let ends = |place| [(place, middle(row) - 0.36), (place, middle(row) + 0.36)];
        chart.draw_series(place.map(|place| PathElement::new(ends(place), strong)))?;
        chart.draw_series(place.map(|place| Circle::new((place, middle(row)), px(4.0), strong)))?;
    }
    Ok(())
}

/// One bar of a waterfall.
pub struct Bar<'a> {
    /// What it stands for.
    pub name: &'a str,
    /// Where it begins. A line leads there from the end of the bar above, if that is the same place.
    pub from: f64,
    /// Where it ends.
    pub to: f64,
    /// Its meaning.
    pub kind: svg::Bar,
    /// What is written beside it.
    pub text: String,
}

/// A waterfall: a bar below the other, from one whole to another. The axis is linear and begins at zero, so that the
/// lengths of bars can be compared. `None` if all of them are zero.
///
/// # Errors
/// If plotters fails.
pub fn waterfall(bars: &[Bar<'_>], description: &str) -> Result<Option<String>, DrawingError> {
    let ends = bars.iter().flat_map(|bar| [bar.from, bar.to]).filter(|end| end.is_finite());
    let (low, high) = ends.fold((0.0, 0.0), |(low, high): (f64, f64), end| (low.min(end), high.max(end)));
    if low == high {
        return Ok(None);
    }
    let mut svg = Svg::new(WATERFALL.0, bars.len() as u32 * WATERFALL.1 + 30);
    {
        let area = (&mut svg).into_drawing_area();
        draw_waterfall(&area, bars, low..high)?;
    }
    Ok(Some(svg.finish(description)))
}

fn draw_waterfall(
    area: &DrawingArea<&mut Svg, Shift>,
    bars: &[Bar<'_>],
    range: std::ops::Range<f64>,
) -> Result<(), DrawingError> {
    let rows = bars.len();
    let (low, rounding) = (range.start, 1e-6 * (range.end - range.start));
    // Places are counted from the top, and plotters' axis from below.
    let middle = |row: usize| rows as f64 - row as f64 - 0.5;
    let mut chart = ChartBuilder::on(area)
        .margin_top(px(4.0))
        .margin_right(px(58.0))
        .x_label_area_size(px(22.0))
        .y_label_area_size(px(92.0))
        .build_cartesian_2d(range, 0.0..rows as f64)?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .disable_y_axis()
        .x_labels(4)
        .max_light_lines(1)
        .bold_line_style(Ink::Grid.color())
        .axis_style(Ink::Axis.color())
        .set_all_tick_mark_size(svg::TICK)
        .label_style(label())
        .x_label_formatter(&|place| format::tick(*place))
        .y_label_formatter(&|_| String::new())
        .draw()?;
    let before = label().pos(Pos::new(HPos::Right, VPos::Center));
    let behind = label().pos(Pos::new(HPos::Left, VPos::Center));
    for (row, bar) in bars.iter().enumerate() {
        let (left, y) = chart.backend_coord(&(low, middle(row)));
        area.draw_text(&shortened(bar.name, 15), &before, (left - px(6.0), y))?;
        let corners = [(bar.from, middle(row) - 0.34), (bar.to, middle(row) + 0.34)];
        chart.draw_series([Rectangle::new(corners, Ink::Bar(bar.kind).color().filled())])?;
        let (right, _) = chart.backend_coord(&(bar.from.max(bar.to), middle(row)));
        area.draw_text(&bar.text, &behind, (right + px(5.0), y))?;
        let meets = |next: &Bar<'_>| [next.from, next.to].iter().any(|end| (end - bar.to).abs() <= rounding);
        if bars.get(row + 1).is_some_and(meets) {
            let line = [(bar.to, middle(row) - 0.34), (bar.to, middle(row + 1) + 0.34)];
            chart.draw_series([PathElement::new(line, Ink::Axis.color())])?;
        }
    }
    Ok(())
}

/// `text`, cut to `most` characters, the last of which is then `…`.
fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

/// Whether a page has charts of `metric`.
pub(super) fn is_charted(view: &BottleneckView<'_>, metric: Metric) -> bool {
    match metric.about().chart {
        metric::Chart::Always => view.has(metric),
        metric::Chart::WhereAny => {
            let mut cells = view.scenarios.iter().flat_map(ScenarioView::cells);
            cells.any(|cell| metric.value(cell).is_some_and(|value| value > 0.0))
        }
        metric::Chart::Never => false,
    }
}
