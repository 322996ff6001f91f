//! A drawing backend for plotters whose output is part of a page. Colours are CSS classes, so that a
//! chart follows the page's light or dark scheme. There is no fixed width, so that a chart scales.
//! Every coordinate is rounded to a unit, about a pixel of the screen: a site has a thousand charts.
//!
//! The SVG backend of plotters writes fixed colours, fonts and sizes into every element, which takes
//! about four times the bytes.

use std::collections::HashSet;
use std::convert::Infallible;
use std::fmt::Write;

use plotters::style::RGBColor;
use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind,
};

/// The number of pixels in one unit of the view box, because plotters draws in whole pixels.
pub const SCALE: i32 = 10;

/// The length of an axis' ticks, in pixels. They keep its labels away from it and are not drawn, because the grid leads to
/// each label anyway.
pub const TICK: i32 = 3 * SCALE;

/// The meaning of a stroke or a shape. plotters carries it as a colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// Grid lines: class `g`.
    Grid,
    /// Axis lines: class `a`.
    Axis,
    /// Labels. All text has this ink.
    Text,
    /// Line and markers of a series: class `s<n>`. A filled circle becomes the series' marker, the
    /// symbol `#k<n>` of the page.
    Series(u8),
    /// Line of a series with its marker at each vertex, which the style draws: a path of class `s<n>` and nothing else.
    Marked(u8),
    /// A secondary mark of a series: class `s<n> f`. A filled circle becomes a small dot: a line without length, whose round
    /// ends the style makes as wide as the dot.
    Faint(u8),
    /// A bar. A filled rectangle becomes a shape with the bar's class.
    Bar(Bar),
}

/// The meaning of a bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bar {
    /// A whole: class `whole`.
    Whole,
    /// What is saved: class `gain`.
    Gain,
    /// What costs more: class `loss`.
    Loss,
    /// What no part accounts for: class `rest`.
    Rest,
}

impl Bar {
    const ALL: [Bar; 4] = [Bar::Whole, Bar::Gain, Bar::Loss, Bar::Rest];
}

impl Ink {
    /// The colour that stands for this ink.
    pub fn color(self) -> RGBColor {
        match self {
            Ink::Grid => RGBColor(0, 0, 0),
            Ink::Axis => RGBColor(0, 0, 1),
            Ink::Text => RGBColor(0, 0, 2),
            Ink::Series(index) => RGBColor(1, index, 0),
            Ink::Faint(index) => RGBColor(2, index, 0),
            Ink::Bar(bar) => RGBColor(3, bar as u8, 0),
            Ink::Marked(index) => RGBColor(4, index, 0),
        }
    }

    fn of(color: BackendColor) -> Ink {
        match color.rgb {
            (1, index, _) => Ink::Series(index),
            (2, index, _) => Ink::Faint(index),
            (3, bar, _) => Ink::Bar(Bar::ALL[usize::from(bar) % Bar::ALL.len()]),
            (4, index, _) => Ink::Marked(index),
            (_, _, 1) => Ink::Axis,
            (_, _, 2) => Ink::Text,
            _ => Ink::Grid,
        }
    }

    fn class(self) -> String {
        match self {
            Ink::Grid => "g".to_owned(),
            Ink::Axis => "a".to_owned(),
            Ink::Text => "t".to_owned(),
            Ink::Series(index) | Ink::Marked(index) => format!("s{index}"),
            Ink::Faint(index) => format!("s{index} f"),
            Ink::Bar(Bar::Whole) => "whole".to_owned(),
            Ink::Bar(Bar::Gain) => "gain".to_owned(),
            Ink::Bar(Bar::Loss) => "loss".to_owned(),
            Ink::Bar(Bar::Rest) => "rest".to_owned(),
        }
    }
}

/// The backend. It collects elements until [`Svg::finish`].
pub struct Svg {
    width: u32,
    height: u32,
    grid: String,
    /// The lines of the grid, because plotters draws some twice.
    grid_lines: HashSet<Vec<BackendCoord>>,
    axis: String,
    labels: String,
    series: String,
    /// The series path being collected, so that the segments of one series make one element.
    open: Option<(Ink, String)>,
    /// The series whose group is open.
    group: Option<u8>,
}

impl Svg {
    /// An empty drawing of `width` by `height` units.
    pub fn new(width: u32, height: u32) -> Self {
        Svg {
            width: width * SCALE as u32,
            height: height * SCALE as u32,
            grid: String::new(),
            grid_lines: HashSet::new(),
            axis: String::new(),
            labels: String::new(),
            series: String::new(),
            open: None,
            group: None,
        }
    }

    /// The `svg` element. `label` is plain text that describes it to people who do not see it.
    pub fn finish(mut self, label: &str) -> String {
        self.close();
        let (width, height) = (self.width / SCALE as u32, self.height / SCALE as u32);
        let mut svg = format!(
            r#"<svg class="plot" viewBox="0 0 {width} {height}" role="img" aria-label="{}">"#,
            escape(label)
        );
        for (class, path) in [("g", &self.grid), ("a", &self.axis)] {
            if !path.is_empty() {
                let _ = write!(svg, r#"<path class="{class}" d="{path}"/>"#);
            }
        }
        svg.push_str(&self.labels);
        svg.push_str(&self.series);
        svg.push_str(if self.group.is_some() { "</g></svg>" } else { "</svg>" });
        svg
    }

    fn close(&mut self) {
        let Some((ink, path)) = self.open.take() else { return };
        let class = self.enter(ink);
        let _ = write!(self.series, r#"<path{class} d="{path}"/>"#);
    }

    /// Enters the group of a series, which has its class. Returns the attribute of an element with another ink.
    fn enter(&mut self, ink: Ink) -> String {
        let series = match ink {
            Ink::Series(index) => Some(index),
            _ => None,
        };
        if self.group != series {
            if self.group.is_some() {
                self.series.push_str("</g>");
            }
            self.group = series;
            if series.is_some() {
                let _ = write!(self.series, "<g class={}>", ink.class());
            }
        }
        if series.is_some() { String::new() } else { format!(r#" class="{}""#, ink.class()) }
    }

    /// The path that is open, of that ink.
    fn opened(&mut self, ink: Ink) -> &mut String {
        if self.open.as_ref().is_some_and(|(open, _)| *open != ink) {
            self.close();
        }
        &mut self.open.get_or_insert_with(|| (ink, String::new())).1
    }

    fn path(&mut self, points: impl IntoIterator<Item = BackendCoord>, color: BackendColor) {
        let ink = Ink::of(color);
        let points: Vec<BackendCoord> = points.into_iter().collect();
        if let (Ink::Axis, [(left, top), (right, bottom)]) = (ink, &points[..])
            && (left - right).abs() + (top - bottom).abs() <= TICK
        {
            return;
        }
        if ink == Ink::Grid && !self.grid_lines.insert(points.clone()) {
            return;
        }
        let target = match ink {
            Ink::Grid => &mut self.grid,
            Ink::Axis | Ink::Text => &mut self.axis,
            Ink::Series(_) | Ink::Marked(_) | Ink::Faint(_) | Ink::Bar(_) => self.opened(ink),
        };
        // A place alone is no line, and has no marker.
        let end = if matches!((ink, &points[..]), (Ink::Marked(_), [_])) { "h0" } else { "" };
        let mut before = None;
        for (x, y) in points {
            match before {
                None => {
                    target.push('M');
                    push_unit(target, x);
                    target.push(' ');
                    push_unit(target, y);
                }
                // What goes along one axis is written with one coordinate.
                Some((from, _)) if from == x => {
                    target.push('V');
                    push_unit(target, y);
                }
                Some((_, from)) if from == y => {
                    target.push('H');
                    push_unit(target, x);
                }
                Some(_) => {
                    target.push('L');
                    push_unit(target, x);
                    target.push(' ');
                    push_unit(target, y);
                }
            }
            before = Some((x, y));
        }
        target.push_str(end);
    }

    /// A dot of the path that is open.
    fn dot(&mut self, place: BackendCoord, color: BackendColor) {
        self.path([place], color);
        if let Some((_, path)) = &mut self.open {
            path.push_str("h0");
        }
    }
}

/// Appends a pixel coordinate in whole units: `123`.
fn push_unit(text: &mut String, pixels: i32) {
    let _ = write!(text, "{}", (pixels + SCALE / 2).div_euclid(SCALE));
}

fn unit(pixels: i32) -> String {
    let mut text = String::new();
    push_unit(&mut text, pixels);
    text
}

/// Plain text as the content of an element or of a quoted attribute.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(character),
        }
    }
    escaped
}

type Drawn = Result<(), DrawingErrorKind<Infallible>>;

impl DrawingBackend for &mut Svg {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    /// Does nothing, because the charts draw no single pixels.
    fn draw_pixel(&mut self, _: BackendCoord, _: BackendColor) -> Drawn {
        Ok(())
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Drawn {
        self.path([from, to], style.color());
        Ok(())
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Drawn {
        self.path(path, style.color());
        Ok(())
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        (left, top): BackendCoord,
        (right, bottom): BackendCoord,
        style: &S,
        _: bool,
    ) -> Drawn {
        let [left, top, right, bottom] = [left, top, right, bottom].map(unit);
        let _ = write!(self.opened(Ink::of(style.color())), "M{left} {top}H{right}V{bottom}H{left}Z");
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(&mut self, place: BackendCoord, _: u32, style: &S, _: bool) -> Drawn {
        let Ink::Series(index) = Ink::of(style.color()) else {
            self.dot(place, style.color());
            return Ok(());
        };
        self.close();
        let (x, y) = (unit(place.0), unit(place.1));
        self.enter(Ink::Series(index));
        let _ = write!(self.series, "<use href=#k{index} x={x} y={y} />");
        Ok(())
    }

    fn draw_text<S: BackendTextStyle>(&mut self, text: &str, style: &S, (x, y): BackendCoord) -> Drawn {
        if text.is_empty() {
            return Ok(());
        }
        // The vertical anchor in em of a digit's height, since the font is the page's.
        let drop = match style.anchor().v_pos {
            VPos::Top => 0.72,
            VPos::Center => 0.36,
            VPos::Bottom => 0.0,
        } * style.size();
        // Most labels end where they are put, so the style says so.
        let class = match style.anchor().h_pos {
            HPos::Left => " class=b",
            HPos::Center => " class=c",
            HPos::Right => "",
        };
        let (x, y) = (unit(x), unit(y + drop as i32));
        let _ = write!(self.labels, "<text{class} x={x} y={y}>{}</text>", escape(text));
        Ok(())
    }

    fn estimate_text_size<S: BackendTextStyle>(
        &self,
        text: &str,
        style: &S,
    ) -> Result<(u32, u32), DrawingErrorKind<Infallible>> {
        let width = text.chars().count() as f64 * style.size() * 0.55;
        Ok((width as u32, style.size() as u32))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plotters::prelude::*;

    #[test]
    fn meaning_survives_as_a_class_and_segments_are_joined() {
        let mut svg = Svg::new(40, 20);
        let area = (&mut svg).into_drawing_area();
        for y in [0, 100, 100] {
            area.draw(&PathElement::new([(0, y), (400, y)], Ink::Grid.color())).unwrap();
        }
        area.draw(&PathElement::new([(0, 0), (0, TICK)], Ink::Axis.color())).unwrap();
        area.draw(&Circle::new((55, 60), 30, Ink::Series(2).color().filled())).unwrap();
        for x in [0, 100] {
            area.draw(&Circle::new((x, 60), 30, Ink::Faint(2).color().filled())).unwrap();
        }
        drop(area);
        let text = svg.finish("a \"b\" <c>");
        assert_eq!(
            text,
            concat!(
                r#"<svg class="plot" viewBox="0 0 40 20" role="img" aria-label="a &quot;b&quot; &lt;c&gt;">"#,
                r#"<path class="g" d="M0 0H40M0 10H40"/>"#,
                "<g class=s2><use href=#k2 x=6 y=6 /></g>",
                r#"<path class="s2 f" d="M0 6h0M10 6h0"/></svg>"#
            )
        );
    }

    #[test]
    fn a_marked_line_is_a_path_alone() {
        let mut svg = Svg::new(40, 20);
        let area = (&mut svg).into_drawing_area();
        area.draw(&PathElement::new([(0, 0), (100, 0), (200, 50)], Ink::Marked(1).color())).unwrap();
        area.draw(&PathElement::new([(50, 50)], Ink::Marked(0).color())).unwrap();
        drop(area);
        let text = svg.finish("");
        assert!(
            text.ends_with(r#"<path class="s1" d="M0 0H10L20 5"/><path class="s0" d="M5 5h0"/></svg>"#),
            "{text}"
        );
    }

    #[test]
    fn bars_are_shapes_with_a_class() {
        let mut svg = Svg::new(40, 20);
        let area = (&mut svg).into_drawing_area();
        for (left, bar) in [(0, Bar::Gain), (100, Bar::Gain), (0, Bar::Loss)] {
            area.draw(&Rectangle::new([(left, 10), (205, 60)], Ink::Bar(bar).color().filled())).unwrap();
        }
        drop(area);
        let expected = r#"<path class="gain" d="M0 1H21V6H0ZM10 1H21V6H10Z"/><path class="loss" d="M0 1H21V6H0Z"/></svg>"#;
        assert!(svg.finish("").ends_with(expected));
    }

    #[test]
    fn every_ink_is_told_from_its_colour() {
        let bars = Bar::ALL.map(Ink::Bar);
        let inks = [
            Ink::Grid,
            Ink::Axis,
            Ink::Text,
            Ink::Series(0),
            Ink::Series(200),
            Ink::Faint(7),
            Ink::Marked(3),
        ];
        for ink in inks.into_iter().chain(bars) {
            let RGBColor(red, green, blue) = ink.color();
            assert_eq!(Ink::of(BackendColor { alpha: 1.0, rgb: (red, green, blue) }), ink);
        }
    }
}
