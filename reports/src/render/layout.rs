//! The picture of how a contender lies in memory: boxes and arrows, drawn from a short description.
//!
//! A row of boxes is one piece of memory. A filled box is an entry, one with a dot is a pointer, a grey one says something
//! about the others, and an orange one is what a change wrote anew.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::layouts::{Content, Entries, Layout, ListTable, Nodes, Order, Picture, Region, Shape};

/// The side of a box.
const BOX: i32 = 14;
const WIDTH: i32 = 420;

/// The `svg` element of a layout's picture.
pub fn svg(layout: &Layout) -> String {
    let mut drawing = Drawing::default();
    let told = drawing.picture(&layout.picture);
    drawing.finish(&told)
}

/// What is drawn: outlines by class, lines, dots and texts.
#[derive(Default)]
struct Drawing {
    boxes: BTreeMap<&'static str, String>,
    lines: String,
    dots: String,
    texts: String,
    height: i32,
}

impl Drawing {
    /// A row of boxes from a place on, one for each sign: `e` an entry, `p` a pointer, `m` metadata, `n` what is new, `-` an empty
    /// place.
    fn row(&mut self, x: i32, y: i32, signs: &str) {
        for (at, sign) in signs.chars().enumerate() {
            let left = x + at as i32 * BOX;
            let class = match sign {
                'e' => "e",
                'm' => "h",
                'n' => "n",
                _ => "o",
            };
            let _ = write!(self.boxes.entry(class).or_default(), "M{left} {y}h{BOX}v{BOX}h-{BOX}z");
            if sign == 'p' {
                let _ = write!(self.dots, "M{} {}h0", left + BOX / 2, y + BOX / 2);
            }
        }
        self.height = self.height.max(y + BOX + 3);
    }

    /// An arrow from the box at one place to the upper edge of that at another.
    fn arrow(&mut self, from: (i32, i32), to: (i32, i32)) {
        let middle = |(x, y): (i32, i32)| (x + BOX / 2, y + BOX / 2);
        let ((x, y), (to_x, _)) = (middle(from), middle(to));
        let end = if to.1 > from.1 { to.1 } else { to.1 + BOX };
        let tip = if to.1 > from.1 { -4 } else { 4 };
        let _ = write!(self.lines, "M{x} {y}L{to_x} {end}m-3 {tip}l3 {}l3 {tip}", -tip);
    }

    /// A curve above or below a row, from the middle of one box to that of another.
    fn curve(&mut self, from: i32, to: i32, y: i32, height: i32) {
        let (from, to) = (from + BOX / 2, to + BOX / 2);
        let edge = if height < 0 { y } else { y + BOX };
        let tip = if height < 0 { -4 } else { 4 };
        let _ = write!(
            self.lines,
            "M{from} {edge}Q{} {} {to} {edge}m-3 {tip}l3 {}l3 {tip}",
            (from + to) / 2,
            edge + 2 * height,
            -tip
        );
        self.height = self.height.max(edge + height + 3);
    }

    fn text(&mut self, x: i32, y: i32, text: &str) {
        let escaped = text.replace('&', "&amp;").replace('<', "&lt;");
        let _ = write!(self.texts, "<text x={x} y={y}>{escaped}</text>");
        self.height = self.height.max(y + 4);
    }

    fn finish(self, told: &str) -> String {
        let mut svg = format!(
            r#"<svg class="layout" viewBox="0 -1 {WIDTH} {}" role="img" aria-label="{told}">"#,
            self.height + 1
        );
        for (class, path) in &self.boxes {
            let _ = write!(svg, r#"<path class={class} d="{path}"/>"#);
        }
        if !self.lines.is_empty() {
            let _ = write!(svg, r#"<path class=l d="{}"/>"#, self.lines);
        }
        if !self.dots.is_empty() {
            let _ = write!(svg, r#"<path class=d d="{}"/>"#, self.dots);
        }
        svg.push_str(&self.texts);
        svg.push_str("</svg>");
        svg
    }

    /// Draws it and tells it in a sentence.
    fn picture(&mut self, picture: &Picture) -> String {
        match picture {
            Picture::Array { copied, sorted, boxed, gap } => self.array(*copied, *sorted, *boxed, *gap),
            Picture::Table { copied } => self.table(*copied),
            Picture::Bitmap { width, entries } => self.bitmap(*width, *entries),
            Picture::Buckets { width, room, tail } => self.buckets(*width, *room, *tail),
            Picture::Trie { width, leaf, tail, boxed } => self.trie(*width, *leaf, *tail, *boxed),
            Picture::List { nodes, table, order } => self.list(*nodes, *table, *order),
            Picture::Tree { keys, shape } => self.tree(*keys, *shape),
            Picture::Arena { content, table } => self.arena(*content, *table),
            Picture::Region { content, counted } => self.region(*content, *counted),
            Picture::Composite { parts, strong } => self.composite(parts, strong),
        }
    }

    fn array(&mut self, copied: bool, sorted: bool, boxed: bool, gap: bool) -> String {
        let signs = match (boxed, gap) {
            (true, _) => "pppppppp",
            (_, true) => "eeee----eeee",
            _ => "eeeeeeeeee--",
        };
        self.text(0, 11, "version");
        self.row(56, 0, "p");
        self.row(110, 0, signs);
        let _ = write!(self.lines, "M63 7H110m-4-3l4 3l-4 3");
        if boxed {
            for at in [0, 3, 6] {
                self.row(110 + at * BOX, 40, "e");
                self.arrow((110 + at * BOX, 0), (110 + at * BOX, 40));
            }
        }
        if copied {
            self.text(0, 45, "its change");
            self.row(56, 34, "p");
            self.row(110, 34, "nnnnnnnnnn--");
            let _ = write!(self.lines, "M63 41H110m-4-3l4 3l-4 3");
        }
        let what = match (boxed, gap, sorted) {
            (true, ..) => "One array of pointers to allocations",
            (_, true, _) => "One array whose free room lies between its elements",
            (_, _, true) => "One sorted array of elements",
            _ => "One array of elements",
        };
        format!("{what}{}.", if copied { "; a change of a version writes a copy of all of it" } else { "" })
    }

    fn table(&mut self, copied: bool) -> String {
        self.text(0, 11, "bytes of hash");
        self.text(0, 29, "slots");
        self.row(110, 0, "m-mm--m-mm-m");
        self.row(110, 18, "e-ee--e-ee-e");
        if copied {
            self.text(0, 65, "its change");
            self.row(110, 54, "n-nn--n-nn-n");
        }
        let copy = if copied { "; a change of a version writes a copy of all of it" } else { "" };
        format!("One open-addressed hash table with free slots{copy}.")
    }

    fn bitmap(&mut self, width: u32, entries: Entries) -> String {
        let (root, low) = match entries {
            Entries::Mixed => ("epeep", "eep"),
            Entries::Apart => ("eeepp", "eep"),
            Entries::Full => ("e--p-e--e--p", "e-e--p"),
            Entries::Boxed | Entries::Shared => ("ppppp", "ppp"),
        };
        self.text(0, 11, "root");
        self.text(0, 61, "child");
        self.row(56, 0, "m");
        self.row(56 + BOX, 0, root);
        let children: Vec<i32> = match entries {
            Entries::Boxed | Entries::Shared => vec![1, 4],
            _ => root.chars().enumerate().filter(|(_, sign)| *sign == 'p').map(|(at, _)| at as i32).collect(),
        };
        for (at, child) in children.iter().enumerate() {
            let x = 56 + at as i32 * 130;
            self.row(x, 50, "m");
            self.row(x + BOX, 50, low);
            self.arrow((56 + BOX + child * BOX, 0), (x, 50));
        }
        if matches!(entries, Entries::Boxed | Entries::Shared) {
            let (place, sign) = (250, if entries == Entries::Shared { "me" } else { "e" });
            for (at, y) in [(3, 0), (2, 22)] {
                self.row(place, y, sign);
                let from = 56 + BOX + at * BOX + BOX / 2;
                let _ = write!(self.lines, "M{from} 7L{place} {}m-4-3l4 3l-4 3", y + 7);
            }
        }
        let bitmap = if entries == Entries::Apart { "two bitmaps" } else { "a bitmap" };
        self.text(310, 11, &format!("{bitmap} of {width}"));
        let place = match entries {
            Entries::Mixed => "entries between pointers to children",
            Entries::Apart => "entries first and pointers to children behind them",
            Entries::Full => "all slots, in use or not",
            Entries::Boxed => "pointers to entries in allocations of their own",
            Entries::Shared => "pointers to counted entries that copies of a node share",
        };
        format!("A hash trie: each node has {bitmap} of {width} slots, and behind it {place}.")
    }

    fn buckets(&mut self, width: u32, room: u32, tail: bool) -> String {
        self.text(0, 11, "branch");
        self.text(0, 61, "leaf");
        self.row(56, 0, "mpppppppp");
        for (at, x, fill) in [(1, 56, "mmeeee--"), (5, 190, "mmeeeee-")] {
            self.row(x, 50, fill);
            self.arrow((56 + at * BOX, 0), (x, 50));
        }
        if tail {
            self.text(318, 43, "tail");
            self.row(318, 50, "mmee-n");
        }
        self.text(200, 11, &format!("{width} children, leaves of up to {room}"));
        let beside = if tail { ", and a tail beside it to which versions append" } else { "" };
        format!("A hash trie of {width}-way branches over leaves of up to {room} entries{beside}.")
    }

    fn trie(&mut self, width: u32, leaf: u32, tail: bool, boxed: bool) -> String {
        self.text(0, 11, "branch");
        self.text(0, 61, "leaf");
        self.row(56, 0, "mpppp");
        let signs = if boxed { "mpppp" } else { "meeee" };
        for (at, x) in [(1, 56), (2, 140), (3, 224)] {
            self.row(x, 50, signs);
            self.arrow((56 + at * BOX, 0), (x, 50));
        }
        if boxed {
            self.row(56 + BOX, 90, "me");
            self.arrow((56 + BOX, 50), (56 + BOX, 90));
        }
        if tail {
            self.text(318, 43, "tail");
            self.row(318, 50, "meen--");
        }
        self.text(150, 11, &format!("{width} children, {leaf} elements a leaf"));
        let of = if boxed { "pointers to elements" } else { "elements" };
        let beside = if tail { ", and the last elements in a tail beside it" } else { "" };
        format!("A radix trie: {width}-way branches over leaves of {leaf} {of}{beside}.")
    }

    fn list(&mut self, nodes: Nodes, table: ListTable, order: Order) -> String {
        let y = if table == ListTable::None { 20 } else { 56 };
        let places: Vec<i32> = match nodes {
            Nodes::Array => (0..5).map(|at| 70 + at * 3 * BOX).collect(),
            Nodes::Boxes => (0..5).map(|at| 70 + at * 68).collect(),
        };
        let node = if order == Order::Queue { "eem" } else { "epp" };
        self.text(0, y + 11, "entries");
        for x in &places {
            self.row(*x, y, node);
        }
        if table != ListTable::None {
            self.text(0, 11, "table");
            self.row(70, 0, if table == ListTable::Keys { "ep--epep--ep" } else { "-p--p-pp---p" });
            for (at, to) in [(1, 2), (7, 0), (11, 3)] {
                self.arrow((70 + at * BOX, 0), (places[to], y));
            }
        }
        if order == Order::Links {
            for (from, to) in [(0, 2), (2, 1), (1, 4)] {
                self.curve(places[from] + BOX, places[to], y, 16);
            }
        } else {
            let hand = places[2] + BOX;
            let _ = write!(self.lines, "M{} {}V{}m-3 4l3-4l3 4", hand + BOX / 2, y + BOX + 18, y + BOX + 1);
            self.text(hand + 2 * BOX, y + BOX + 16, "hand");
        }
        let nodes = match nodes {
            Nodes::Array => "Entries in one array",
            Nodes::Boxes => "Entries in allocations of their own",
        };
        let order = match order {
            Order::Links => "linked in the order of use",
            Order::Queue => "in a queue with a mark for each, over which a hand goes",
        };
        let table = match table {
            ListTable::Indices => ", and a hash table of their indices",
            ListTable::Keys => ", and a hash table of keys and indices",
            ListTable::Pointers => ", and a hash table of pointers to them",
            ListTable::None => "",
        };
        format!("{nodes}, {order}{table}.")
    }

    fn tree(&mut self, keys: u32, shape: Shape) -> String {
        let keys = keys.clamp(1, 4) as usize;
        let (upper, lower) = match shape {
            Shape::Sums => ("m".repeat(keys * 2), "eeeeee".to_owned()),
            Shape::Json => (format!("m{}", "p".repeat(keys)), format!("m{}", "e".repeat(keys))),
            Shape::Bits => (format!("m{}", "p".repeat(keys)), "e".to_owned()),
            Shape::Chunks => (format!("{}pp", "e".repeat(keys + 2)), "e".repeat(keys + 2)),
            Shape::Sorted | Shape::Pages => {
                (format!("{}{}", "e".repeat(keys), "p".repeat(keys)), "e".repeat(keys + 2))
            }
        };
        let root = 150;
        self.row(root, 0, &upper);
        let pointers: Vec<i32> = match shape {
            Shape::Sums => (0..3).map(|at| at * 2).collect(),
            _ => upper
                .chars()
                .enumerate()
                .filter(|(_, sign)| *sign == 'p')
                .map(|(at, _)| at as i32)
                .take(3)
                .collect(),
        };
        for (at, pointer) in pointers.iter().enumerate() {
            let x = 56 + at as i32 * 115;
            self.row(x, 50, &lower);
            self.arrow((root + pointer * BOX, 0), (x + BOX, 50));
        }
        let (name, told) = match shape {
            Shape::Sorted => {
                ("keys in order", "A tree whose nodes hold keys in order and pointers to children")
            }
            Shape::Chunks => {
                ("chunk, two children", "A binary tree whose nodes hold sorted chunks of entries")
            }
            Shape::Pages => {
                ("pages", "A tree of pages that hold keys in order and the numbers of other pages")
            }
            Shape::Bits => (
                "bitmap, children",
                "A trie whose nodes have a bitmap and pointers to the children that exist",
            ),
            Shape::Sums => {
                ("sums of lengths", "Blocks of elements below a tree of the sums of their lengths")
            }
            Shape::Json => ("maps and arrays", "A tree of nodes with a collection of children each"),
        };
        self.text(root + (upper.len() as i32 + 1) * BOX, 11, name);
        format!("{told}.")
    }

    fn arena(&mut self, content: Content, table: bool) -> String {
        let y = if table { 56 } else { 28 };
        let left = 70;
        self.text(0, y + 11, "nodes");
        self.row(left, y, if content == Content::Free { "ee-e--eee-e-" } else { "epepepepepepepep" });
        let at = |place: i32| left + place * BOX;
        match content {
            Content::Free => {
                for (from, to) in [(2, 4), (4, 9), (9, 11)] {
                    self.curve(at(from), at(to), y, -10);
                }
            }
            Content::Tree => {
                for (from, to) in [(1, 4), (1, 8), (5, 12)] {
                    self.curve(at(from), at(to), y, if table { 14 } else { -14 });
                }
            }
            Content::Graph => {
                for (from, to) in [(1, 6), (3, 6), (7, 12)] {
                    self.curve(at(from), at(to), y, -12);
                }
                self.curve(at(13), at(2), y, 16);
            }
        }
        if table {
            self.text(0, 11, "table");
            self.row(left, 0, "-p--p-pp---p");
            for (from, to) in [(1, 4), (7, 0), (11, 10)] {
                self.arrow((at(from), 0), (at(to), y));
            }
        }
        let told = match content {
            Content::Tree => "The nodes of a tree in one array, which name each other by index",
            Content::Graph => "The nodes of a graph in one array, which name each other by index",
            Content::Free => "One array of entries, whose vacant places form a list",
        };
        format!("{told}{}.", if table { "; a hash table finds a node" } else { "" })
    }

    fn region(&mut self, content: Region, counted: bool) -> String {
        self.text(0, 11, "writer");
        self.text(0, 91, "readers");
        self.row(56, 0, "p");
        self.text(0, 51, "region");
        let told = match content {
            Region::Trie => {
                self.row(56, 40, if counted { "mpp-meee-mpp-mee-mn" } else { "mpp-eeee-mpp-eee-n-" });
                self.curve(56 + BOX, 56 + 4 * BOX, 40, -12);
                self.curve(56 + 2 * BOX, 56 + 9 * BOX, 40, -16);
                self.curve(56 + 10 * BOX, 56 + 13 * BOX, 40, -12);
                "Nodes in one region of shared memory, which refer to each other by offsets"
            }
            Region::Copies => {
                self.row(56, 40, "eeeeeeee-nnnnnnnn");
                "Each version as bytes in shared memory, which each reader copies into a structure of its own"
            }
            Region::Archive => {
                self.row(56, 40, "meemeeee-mnnmnnnn");
                "Each version as an archive in shared memory, which readers read where it lies"
            }
        };
        self.arrow((56, 0), (56, 40));
        for x in [56, 56 + 9 * BOX] {
            self.row(x, 80, if content == Region::Copies { "nnnnnnnn" } else { "p" });
            self.arrow((x, 80), (x, 40));
        }
        format!("{told}{}.", if counted { "; each node counts who refers to it" } else { "" })
    }

    fn composite(&mut self, parts: &[String], strong: &[String]) -> String {
        // Two columns, in which the longest name has room.
        let columns = if parts.len() > 3 { 2 } else { 1 };
        for (at, part) in parts.iter().enumerate() {
            let (x, y) = (56 + (at % columns) as i32 * 180, (at / columns) as i32 * 22);
            self.row(x, y, if strong.contains(part) { "e" } else { "m" });
            self.text(x + BOX + 6, y + 11, part);
        }
        self.text(0, 11, "parts");
        let emphasised = match strong {
            [] => String::new(),
            all if all.len() == parts.len() => String::new(),
            some => format!(" Emphasised: {}.", some.join(", ")),
        };
        format!("Several structures: {}.{emphasised}", parts.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layouts;

    #[test]
    fn every_picture_is_drawn_within_its_frame_and_told() {
        for layout in layouts::all() {
            let svg = svg(layout);
            let quoted = svg.replace("class=", "class='").replace(" d=", "' d=");
            assert!(quoted.starts_with("<svg class='\"layout\""), "{svg}");
            let told = svg.split("aria-label=\"").nth(1).unwrap().split('"').next().unwrap();
            assert!(told.ends_with('.') && told.len() > 20, "{told}");
            assert!(svg.len() < 3_000, "{} bytes: {told}", svg.len());
            for fixed in ["fill=", "stroke=", "style=", "NaN"] {
                assert!(!svg.contains(fixed), "{fixed}: {told}");
            }
            // No box and no text begins outside.
            let height: i32 =
                svg.split("viewBox=\"0 -1 420 ").nth(1).unwrap().split('"').next().unwrap().parse().unwrap();
            for place in svg.split('M').skip(1).filter_map(|rest| rest.split_once('h')?.0.split_once(' ')) {
                let (Ok(x), Ok(y)) = (place.0.parse::<i32>(), place.1.parse::<i32>()) else { continue };
                assert!((0..WIDTH).contains(&x) && (0..height).contains(&y), "{x} {y}: {told}");
            }
            for text in svg.split("<text x=").skip(1) {
                let x: i32 = text.split(' ').next().unwrap().parse().unwrap();
                let length = text.split('>').nth(1).unwrap().split('<').next().unwrap().chars().count();
                assert!(x + length as i32 * 6 <= WIDTH, "{text}");
            }
        }
    }

    #[test]
    fn parameters_change_the_picture() {
        let drawn: std::collections::BTreeSet<String> =
            [Entries::Mixed, Entries::Apart, Entries::Full, Entries::Boxed, Entries::Shared]
                .map(|entries| Drawing::default().bitmap(32, entries))
                .into();
        assert_eq!(drawn.len(), 5);
        let copied = |copied| {
            let mut drawing = Drawing::default();
            drawing.array(copied, false, false, false);
            drawing.finish("")
        };
        assert!(copied(true).contains("class=n") && !copied(false).contains("class=n"));
    }
}
