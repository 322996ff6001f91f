//! What the rendered files contain, as text. What a browser makes of them is in `browser.rs`.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use reports::beside::Beside;
use reports::history::store::Entry;
use reports::kept::{Kept, id};
use reports::metric::Metric;
use reports::record::{CellRecord, InputInfo, Interval, Record, Role, Skip, SkipReason, Times};
use reports::render::verdict::sentences;
use reports::render::{Error, render};
use reports::verdict::verdict;
use reports::view::BottleneckView;

/// The files of a report, by name.
struct Site {
    files: BTreeMap<String, String>,
    index: String,
    map: String,
    vector: String,
}

impl Site {
    fn of(record: &Record) -> Self {
        Site::beside(record, &Beside::default())
    }

    fn beside(record: &Record, beside: &Beside) -> Self {
        let home = tempfile::tempdir().unwrap();
        let index = render(record, beside, &home.path().join("report")).unwrap();
        assert_eq!(index, home.path().join("report/index.html"));
        let names = files(&home.path().join("report")).into_iter();
        let files: BTreeMap<String, String> = names
            .map(|name| {
                let text = fs::read_to_string(index.with_file_name(&name)).unwrap();
                if name.ends_with(".html") { (name, common::as_read(&text)) } else { (name, text) }
            })
            .collect();
        let page = |name: &str| files.get(name).cloned().unwrap_or_default();
        Site {
            index: page("index.html"),
            map: page("persistent_map.html"),
            vector: page("persistent_vector.html"),
            files,
        }
    }

    fn page(&self, name: &str) -> &str {
        self.files.get(name).unwrap_or_else(|| panic!("no {name} in {:?}", self.files.keys()))
    }

    /// The page of a scenario of the map.
    fn scenario(&self, name: &str) -> &str {
        self.page(&format!("persistent_map.{name}.html"))
    }

    fn pages(&self) -> impl Iterator<Item = (&String, &String)> {
        self.files.iter().filter(|(name, _)| name.ends_with(".html"))
    }
}

fn site(record: &Record) -> Site {
    Site::of(record)
}

/// The part of `page` from the first `start` to the next `end`.
fn part<'a>(page: &'a str, start: &str, end: &str) -> &'a str {
    let from = page.find(start).unwrap_or_else(|| panic!("no {start}"));
    let length = page[from..].find(end).unwrap_or_else(|| panic!("no {end} after {start}"));
    &page[from..from + length]
}

/// The page of the bottleneck whose contenders are put together from parts.
fn store(record: &Record) -> String {
    site(record).page("store.html").to_owned()
}

/// The table of a metric on the page of a scenario.
fn matrix<'a>(page: &'a str, metric: &str) -> &'a str {
    part(page, &format!("<table class=\"matrix m\" data-metric=\"{metric}\""), "</table>")
}

/// What the row of a contender holds behind its name, without tags where they begin it.
fn row<'a>(matrix: &'a str, contender: &str) -> Vec<&'a str> {
    let row = part(matrix, &format!("<th>{contender}</th>"), "</tr>");
    row.split("<td").skip(1).map(|cell| cell.split_once('>').unwrap().1.trim_end_matches("</td>")).collect()
}

/// The text of a value in a matrix, without what follows in other elements.
fn value<'a>(matrix: &'a str, contender: &str, column: usize) -> &'a str {
    row(matrix, contender)[column].split('<').next().unwrap()
}

fn cell<'a>(record: &'a Record, name: &str) -> &'a CellRecord {
    record.cells.iter().find(|cell| cell.name.to_string() == name).unwrap()
}

#[test]
fn the_verdict_comes_first() {
    let record = common::full_size();
    let site = site(&record);
    let views = BottleneckView::all(&record).unwrap();
    for (view, page) in views.iter().zip([&site.map, &site.vector]) {
        let sentences = sentences(view, &verdict(view));
        assert!(sentences.len() > 4, "{sentences:?}");
        let section = part(page, "<section id=\"verdict\"", "</section>");
        let positions: Vec<usize> =
            sentences.iter().map(|sentence| section.find(&escaped(sentence)).expect(sentence)).collect();
        assert!(positions.is_sorted(), "{positions:?}");
        // Nothing that a keyboard stops at comes before it but the way back.
        let before = &page[..page.find("<section id=\"verdict\"").unwrap()];
        let stops = ["<a ", "<input", "<button", "tabindex=\"0\"", "<summary"];
        assert_eq!(stops.iter().map(|stop| before.matches(stop).count()).sum::<usize>(), 1);
        // Every group of the verdict has its leader in the table.
        let leaders = section.matches("<td class=\"s").count();
        assert_eq!(leaders, verdict(view).groups.len());

        let card = part(&site.index, &format!("id=\"{}\"", view.info.name), "</section>");
        assert!(card.find(&escaped(&sentences[0])).unwrap() < card.find("<table").unwrap());
    }
}

/// A text as it stands in a page.
fn escaped(text: &str) -> String {
    text.replace('&', "&#38;").replace('<', "&#60;").replace('>', "&#62;")
}

#[test]
fn every_cell_has_a_place_and_a_value_in_every_metric_that_it_was_measured_in() {
    let record = common::full_size();
    let site = site(&record);
    for cell in &record.cells {
        let name = &cell.name;
        let page = site.page(&format!("{}.{}.html", name.bottleneck, name.scenario));
        // A link to the cell leads to one place.
        let place = format!(" id=\"{}/{}\"", name.size, name.contender);
        assert_eq!(page.matches(&place).count(), 1, "{name}");
        for metric in Metric::with_tables() {
            let Some(measured) = metric.value(cell) else { continue };
            if !page.contains(&format!("<table class=\"matrix m\" data-metric=\"{}\"", metric.key())) {
                if measured == 0.0
                    && page.contains("class=\"note zeros\">Zero for every contender at every size: ")
                {
                    continue;
                }
                assert!(
                    page.contains(&format!("<p class=\"note alike\">{}", metric.title())),
                    "{name}: {metric:?}"
                );
                continue;
            }
            let table = matrix(page, metric.key());
            // The first table says the sizes of all.
            let first = part(page, "<table class=\"matrix m\"", "</table>");
            let sizes: Vec<&str> =
                first.split("data-size=\"").skip(1).map(|it| it.split('"').next().unwrap()).collect();
            let at = sizes.iter().position(|size| *size == name.size.to_string()).unwrap();
            let row = row(table, &name.contender);
            let shown = row[at * (row.len() / sizes.len())];
            assert!(!shown.starts_with('–') && !shown.is_empty(), "{name}: {metric:?}");
        }
    }
    for (view, page) in BottleneckView::all(&record).unwrap().iter().zip([&site.map, &site.vector]) {
        for scenario in &view.scenarios {
            let link = format!("href=\"{}.{}.html\"", view.info.name, scenario.info.name);
            assert!(page.contains(&link), "{link}");
        }
        for contender in &view.contenders {
            let link = format!("{}.by.{}.html", view.info.name, contender.name);
            assert!(page.contains(&link) && site.page(&link).contains(&contender.summary), "{link}");
        }
    }
}

#[test]
fn values_are_per_operation_though_operations_differ() {
    let mut record = common::full_size();
    for cell in &mut record.cells {
        if cell.name.scenario == "insert_shared" && cell.name.size == 1000 {
            (cell.ops, cell.measured.instructions) = match cell.name.contender.as_str() {
                "cow" => (40, Some(40 * 8000)),
                "im" => (1000, Some(1000 * 4000)),
                "best" => (1000, Some(1000 * 500)),
                _ => (1000, Some(1000 * 5000)),
            };
        }
    }
    let site = site(&record);
    let page = site.scenario("insert_shared");
    let matrix = matrix(page, "instructions");
    // The fourth size; each has a value and its ratio to the best peer.
    let shown = |contender| value(matrix, contender, 6);
    assert_eq!([shown("cow"), shown("im"), shown("best")], ["8\u{202f}000", "4\u{202f}000", "500"]);
    assert_eq!(value(matrix, "best", 7), "0.12×");
    assert!(matrix.contains("and ÷ the best peer</caption>"), "{matrix}");
    assert!(matrix.contains("<td id=\"1000/best\" class=\"best\">500"));
    // Below the tables it is said who did less, and nothing is said where all did the same.
    let note = part(page, "<p class=\"note fewer\">", "</p>");
    assert!(note.contains("<strong>cow</strong> makes 40 of 1\u{202f}000 at n = 1"), "{note}");
    assert_eq!(note.matches("<strong>").count(), 1, "{note}");
    assert!(!site.scenario("get_hit").contains("note fewer"));
}

#[test]
fn what_fewer_operations_show_beside_their_cost_is_marked() {
    let mut record = common::full_size();
    for cell in record.cells.iter_mut().filter(|cell| cell.name.scenario == "get_hit") {
        cell.ops = if cell.name.contender == "cow" { 400 } else { 20_000 };
        cell.observed.insert("hit_rate".into(), 0.75);
    }
    let site = site(&record);
    let table =
        part(site.scenario("get_hit"), "<table class=\"matrix\" data-observed=\"hit_rate\"", "</table>");
    let row = |contender| part(table, &format!("<th>{contender}<"), "</tr>");
    assert!(row("cow").contains("0.750 in 400"), "{}", row("cow"));
    assert!(row("im").contains("0.750<") && !row("im").contains(" in "), "{}", row("im"));
}

#[test]
fn a_user_s_file_and_what_was_skipped_are_named() {
    let mut record = common::full_size();
    let site_before = site(&record);
    for page in [&site_before.index, &site_before.map] {
        assert!(!page.contains("id=\"skipped\""));
    }
    assert!(!site_before.page("environment.html").contains("<th>Input</th>"));
    record.input = Some(InputInfo {
        name: "my <b>keys".into(),
        sha256: "0123456789abcdef".into(),
        kind: "keys".into(),
        format: "csv:2".into(),
        bytes: 12_345,
        items: 60_000,
        distinct: Some(777),
        summary: "60,000 keys, 777 distinct, column 2 of a CSV file".into(),
    });
    record.skipped = vec![Skip {
        subject: "persistent_map/own_insert/777/cow".into(),
        reason: SkipReason::TooMuchWork,
        message: "too much work: it copies <everything>".into(),
    }];
    let site = site(&record);
    let input = part(site.page("environment.html"), "<th>Input</th>", "</tr>");
    for words in ["my &#60;b&#62;keys", "60,000 keys, 777 distinct", "12345 bytes", "0123456789abcdef"] {
        assert!(input.contains(words), "{words}: {input}");
    }
    for page in [&site.index, &site.map] {
        let skipped = part(page, "<section class=\"skipped\"", "</section>");
        assert!(skipped.contains("Skipped: 1 cell<") && skipped.contains("Nothing failed"), "{skipped}");
        assert!(skipped.contains("it copies &#60;everything&#62;"), "{skipped}");
    }
    assert!(!site.vector.contains("id=\"skipped\""), "another bottleneck's page");
    let text = reports::summary::markdown(&record);
    assert!(text.contains("60,000 keys, 777 distinct") && text.contains("## Skipped: 1"), "{text}");
    // A record keeps both, and one without them has neither field.
    let json = serde_json::to_string(&record).unwrap();
    assert!(json.contains(r#""reason":"too_much_work""#));
    let read = serde_json::from_str::<Record>(&json).unwrap();
    assert_eq!((read.input, read.skipped), (record.input, record.skipped));
    let generated = serde_json::to_string(&common::full_size()).unwrap();
    assert!(!generated.contains("\"input\"") && !generated.contains("\"skipped\""));
}

#[test]
fn memory_is_told_by_what_holds_it() {
    let site = site(&common::full_size());
    let caption = |scenario, metric| part(matrix(site.scenario(scenario), metric), "<caption>", "</caption>");
    let held = "still held when the region ends";
    assert!(caption("insert_unshared", "live_bytes").contains(&format!("bytes per insert: {held}")));
    assert!(caption("variants_100", "live_bytes").contains(&format!("bytes per version kept: {held}")));
    let atomics = caption("insert_shared", "atomics");
    assert!(atomics.ends_with("Atomics, atomics per insert: read-modify-writes of the program"), "{atomics}");
}

#[test]
fn memory_is_told_per_entry_and_with_a_hundred_versions() {
    let mut record = common::full_size();
    for cell in record.cells.iter_mut().filter(|cell| cell.name.size == 1000) {
        let per_operation = match (cell.name.scenario.as_str(), cell.name.contender.as_str()) {
            ("insert_unshared", "best") => 20,
            ("insert_unshared", "im") => 40,
            ("variants_100", "best") => 300,
            ("variants_100", "im") => 6000,
            _ => 9000,
        };
        cell.measured.allocations.as_mut().unwrap().live_bytes = per_operation * cell.ops;
    }
    let of = |site: &Site| part(&site.map, "<section id=\"memory\">", "</section>").to_owned();
    let memory = of(&site(&record));
    for word in [
        "Live bytes per entry",
        "with 100 retained versions",
        "href=\"persistent_map.insert_unshared.html\"",
        "100 versions",
    ] {
        assert!(memory.contains(word), "{word}");
    }
    // 1,000 entries of 20 bytes and 100 versions of 300, against 1,000 of 40 and 100 of 6,000.
    let row = part(&memory, "<tr data-contender=\"best\"", "</tr>");
    assert!(row.contains(">20.0</td><td class=\"b1\">0.50×</td>"), "{row}");
    let versions = ">50.0\u{202f}k<i>300 each</i></td><td class=\"b3\">0.078×</td>";
    assert!(row.contains(versions), "{row}");
    // A bound keeps no versions.
    let bound = part(&memory, "<tr data-contender=\"std\"", "</tr>");
    assert!(bound.contains("<td class=\"v\">–</td><td>–</td>"), "{bound}");
    assert!(memory.contains("To drop 100 retained versions"), "{memory}");
    assert!(site(&record).vector.contains("Live bytes per element"));
    record.cells.iter_mut().for_each(|cell| cell.measured.allocations = None);
    assert!(!site(&record).map.contains("id=\"memory\""));
}

#[test]
fn the_switch_shows_every_metric() {
    let site = site(&common::full_size());
    let style = site.page("style.css");
    for metric in Metric::with_tables().map(Metric::key) {
        for shown in ["table.m", ":is(.m:not(table), pre)"] {
            let rule = format!("body:has(.switch [value={metric}]:checked) {shown}[data-metric={metric}]");
            assert!(style.contains(&rule), "{metric} is chosen and nothing is shown");
        }
    }
    // What is there to see can be chosen, and what can be chosen is there to see.
    for (name, page) in site.pages() {
        let values = |start: &str| -> BTreeSet<String> {
            page.split(start).skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
        };
        let chosen = values("type=\"radio\" name=\"m\" value=\"");
        let shown: BTreeSet<String> = page
            .split("<")
            .filter(|tag| [" m\"", "\"m\"", "\"m needs-script\""].iter().any(|class| tag.contains(class)))
            .filter_map(|tag| Some(tag.split_once("data-metric=\"")?.1.split('"').next().unwrap().to_owned()))
            .collect();
        assert_eq!(chosen, shown, "{name}");
    }
}

#[test]
fn atomics_are_drawn_where_there_are_any() {
    let mut record = common::full_size();
    let figure = |site: &Site, scenario: &str| {
        let page = site.scenario(scenario);
        let start = "<figure class=\"m needs-script\" data-metric=\"atomics\">";
        page.contains(start).then(|| part(page, start, "</figure>").to_owned())
    };
    let counted = site(&record);
    assert!(figure(&counted, "insert_shared").unwrap().contains("<span>atomics per insert, by size"));
    // Who reads counts nothing.
    assert_eq!(figure(&counted, "get_hit"), None);
    assert!(counted.scenario("get_hit").contains("Zero for every contender at every size: atomics"));
    let first =
        record.cells.iter_mut().find(|cell| cell.name.to_string() == "persistent_map/insert_shared/8/best");
    first.unwrap().measured.atomics.as_mut().unwrap().program = 0;
    assert!(figure(&site(&record), "insert_shared").unwrap().contains("drawn on the line marked 0"));
    record.cells.iter_mut().for_each(|cell| cell.measured.atomics.as_mut().unwrap().program = 0);
    assert_eq!(figure(&site(&record), "insert_shared"), None);
}

#[test]
fn the_ranking_tells_kinds_of_scenario_apart() {
    let mut record = common::full_size();
    let of = |page: &str| part(page, "<table class=\"ranking\"", "</table>").to_owned();
    let ranking = of(&site(&record).index);
    assert!(ranking.contains("<th>one owner</th><th>versions kept</th>"));
    let bound = part(&ranking, "<tr data-contender=\"std\"", "</tr>");
    assert!(bound.contains("<td class=\"kind\">–</td>"), "a bound keeps no versions: {bound}");
    // A record that is older than the distinction.
    record
        .bottlenecks
        .iter_mut()
        .flat_map(|info| &mut info.scenarios)
        .for_each(|info| info.keeps_versions = false);
    assert!(!of(&site(&record).index).contains("class=\"kind\""));
}

#[test]
fn what_was_not_measured_is_a_dash_and_zero_is_a_zero() {
    let record = common::hostile();
    let site = site(&record);
    let name = format!("persistent_map/get_hit/100/{}", common::SCRIPT_NAME);
    assert!(cell(&record, &name).measured.times.is_none());
    let escaped = "&#60;script&#62;document.title=&#39;broken&#39;&#60;/script&#62;";
    assert_eq!(value(matrix(site.scenario("get_hit"), "warm_ns"), escaped, 0), "–");
    let blocks = matrix(site.scenario("insert_unshared"), "blocks");
    assert_eq!(value(blocks, "best", 0), "0");
    // A meter that did not run has no table and no switch.
    for page in site.pages().filter(|(name, _)| name.starts_with("persistent_vector")).map(|(_, page)| page) {
        assert!(!page.contains("data-metric=\"warm_ns\"") && !page.contains("value=\"warm_ns\""));
    }
    assert!(site.map.contains("Not in this record: <code>get_hit_string</code>"));
}

#[test]
fn times_are_called_noisy_where_they_are() {
    let mut record = common::full_size();
    let is_map =
        |cell: &&CellRecord| cell.name.bottleneck == "persistent_map" && cell.measured.times.is_some();
    let name = record.cells.iter().find(is_map).unwrap().name.clone();
    let noise = "class=\"noisy\"";
    let noisy = |site: &Site| site.pages().map(|(_, page)| page.matches(noise).count()).sum::<usize>();
    assert_eq!(noisy(&site(&record)), 0, "no cell is noisy");
    for cell in record.cells.iter_mut().filter(|cell| cell.name == name) {
        cell.measured.times.as_mut().unwrap().disturbed = 0.11;
    }
    let site = site(&record);
    let timed =
        Metric::with_tables().filter(|metric| metric.interval(cell(&record, &name.to_string())).is_some());
    let timed: Vec<Metric> = timed.collect();
    assert_eq!(noisy(&site), timed.len());
    for metric in timed {
        let matrix = matrix(site.scenario(&name.scenario), metric.key());
        let marked = row(matrix, &name.contender).into_iter().filter(|cell| cell.contains(noise)).count();
        assert_eq!(marked, 1, "{metric:?}");
    }
}

#[test]
fn a_ratio_of_times_within_the_noise_is_marked_on_every_page() {
    let mut record = common::full_size();
    let of = |contender: &str, record: &mut Record, ratio: f64, width: f64| {
        let is_wanted = |cell: &&mut CellRecord| {
            cell.name.bottleneck == "persistent_map"
                && cell.name.scenario == "get_hit"
                && cell.name.contender == contender
        };
        for cell in record.cells.iter_mut().filter(is_wanted) {
            let ops = cell.ops as f64;
            let interval = |value: f64| Interval {
                low: value * (1.0 - width),
                median: value,
                high: value * (1.0 + width),
            };
            cell.measured.times = Some(Times {
                warm_ns: interval(100.0 * ratio * ops),
                cold_ns: interval(100.0 * ratio * ops),
                drop_ns: None,
                disturbed: 0.0,
                ratios: None,
            });
        }
    };
    for contender in ["cow", "hamt", "champ", "best", "imbl", "rpds", "chunkmap", "std"] {
        of(contender, &mut record, 5.0, 0.01);
    }
    of("im", &mut record, 1.0, 0.02);
    of("best", &mut record, 0.97, 0.02);
    of("hamt", &mut record, 0.9, 0.02);
    let site = site(&record);
    let times = matrix(site.scenario("get_hit"), "warm_ns");
    assert_eq!(
        [value(times, "best", 1), value(times, "hamt", 1), value(times, "im", 1)],
        ["≈0.97×", "0.90×", "1.00×"]
    );
    let glance = part(&site.map, "<table class=\"glance m\" data-metric=\"warm_ns\"", "</table>");
    let row = part(glance, "<tr data-scenario=\"get_hit\"", "</tr>");
    assert!(row.contains(">≈0.97×<") && row.contains(">0.90×<"), "{row}");
}

#[test]
fn zeros_have_a_place_in_a_logarithmic_chart() {
    let site = site(&common::hostile());
    let page = site.scenario("insert_unshared");
    let figure = part(page, "<figure class=\"m needs-script\" data-metric=\"blocks\">", "</figure>");
    assert!(figure.contains("drawn on the line marked 0"));
    assert!(!site.scenario("get_hit").contains("data-metric=\"blocks\""));
}

#[test]
fn charts_follow_the_page_and_scale() {
    let site = site(&common::full_size());
    let page = site.scenario("insert_unshared");
    let svg = part(page, "<figure class=\"m\" data-metric=\"instructions\">", "</figure>");
    assert!(
        svg.contains("viewBox=\"0 0 ")
            && svg.contains("role=\"img\" aria-label=\"insert_unshared: Ir per insert")
    );
    for fixed in ["width=", "height=", "fill=", "stroke=", "font-", "NaN", "inf"] {
        assert!(!svg.contains(fixed), "{fixed} in {svg}");
    }
    for label in ["8", "32", "100", "1\u{202f}k", "10\u{202f}k", "100\u{202f}k"] {
        assert!(svg.contains(&format!(">{label}</text>")), "{label}");
    }
    assert!(svg.len() < 6_000, "{} bytes", svg.len());
}

#[test]
fn failures_are_on_top_and_told_in_full() {
    let site = site(&common::hostile());
    let banner = part(&site.index, "<section class=\"failures\"", "</section>");
    assert!(banner.contains("2 failures"));
    assert!(banner.contains("data-failure=\"persistent_map/hamt\""));
    assert!(
        banner.contains("Shrunk trace, 2 steps")
            && banner.contains("Insert { version: 0, key: 1, value: 1 }")
    );
    assert!(site.index.find("class=\"failures\"") < site.index.find("class=\"ranking\""));
    // A bottleneck's page tells its own.
    assert!(part(&site.vector, "<section class=\"failures\"", "</section>").contains("signal 9"));
    assert!(!part(&site.vector, "<section class=\"failures\"", "</section>").contains("persistent_map"));
    assert!(site.index.contains("<strong>hamt</strong> is not ranked: it has no counts."));
    assert!(!self::site(&common::full_size()).index.contains("class=\"failures\""));
}

#[test]
fn foreign_names_stay_text() {
    let record = common::hostile();
    let site = Site::beside(&record, &common::beside(&record));
    for (name, page) in site.pages() {
        // A page that compares has its numbers and another script, too.
        let own = if name.ends_with(".compare.html") { 3 } else { 1 };
        assert_eq!(page.matches("<script").count(), own, "only the page's own");
        assert_eq!(page.matches("</script>").count(), own);
        for markup in ["<img", "<b>", " onmouseover=\"", "'broken'", "First </details>"] {
            assert!(!page.contains(markup), "{markup}");
        }
    }
    let told = |(_, page): (&String, &String)| page.contains("&#60;img src=x onerror=alert(1)&#62;");
    assert!(site.pages().any(told));
}

#[test]
fn pages_forbid_every_request_and_make_none() {
    let site = site(&common::full_size());
    for (name, page) in site.pages() {
        let policy = part(page, "http-equiv=\"Content-Security-Policy\"", ">");
        assert!(policy.contains("default-src 'none'"), "{policy}");
        assert!(!policy.contains("unsafe") && !policy.contains("http:") && !policy.contains("https:"));
        for outside in ["url(", "@import", "//cdn", "fetch(", "style=\"", "<style", " onclick"] {
            assert!(!page.contains(outside), "{name}: {outside}");
        }
        for link in page.split("href=\"").skip(1).chain(page.split(" src=\"").skip(1)) {
            let target = link.split('"').next().unwrap();
            let file = target.split('#').next().unwrap();
            // The source of a claim is on the web. A reader may follow the link; the page does not.
            let source =
                target.starts_with("https://") && link[target.len()..].starts_with("\" rel=\"noreferrer\">");
            assert!(file.is_empty() || source || site.files.contains_key(file), "{name}: {target}");
        }
    }
    // Of its own page a style may name a part.
    let style = site.page("style.css").replace("url(#", "");
    for outside in ["url(", "@import", "http"] {
        assert!(!style.contains(outside), "{outside}");
    }
}

#[test]
fn a_report_of_full_size_stays_small() {
    let record = common::full_size();
    let site = site(&record);
    let nodes = |page: &str| {
        page.split('<').skip(1).filter(|tag| tag.starts_with(|at: char| at.is_ascii_alphabetic())).count()
    };
    assert!(nodes(&site.map) < 15_000, "{} elements", nodes(&site.map));
    assert!(site.index.len() < 120_000, "{} bytes", site.index.len());
    for (name, file) in &site.files {
        assert!(file.len() < 800_000, "{name}: {} bytes", file.len());
    }
    // Each cell has thirteen metrics, four of them with a ratio and three with an interval, a point in a chart, and six
    // numbers to compare any two. Quotes and ends of cells do not count, because they are the test's own.
    let whole = bytes(&record);
    let each = whole / record.cells.len();
    assert!(each < MOST_BYTES, "{whole} bytes for {} cells, {each} each", record.cells.len());
}

#[test]
fn pages_say_where_they_are_from_and_how_to_measure_again() {
    let site = site(&common::hostile());
    for page in [&site.index, &site.map, site.page("environment.html")] {
        assert!(page.contains("2026-03-01 12:30 UTC"));
        assert!(page.contains("1f1e7780c0ff") && page.contains("class=\"dirty\""));
    }
    assert!(site.page("environment.html").contains("rustc 1.95.0"));
    assert!(!site.page("environment.html").contains("<th>Valgrind</th>"), "unknown, so absent");
    assert!(site.index.contains("scripts/just lab run --profile default"));
    assert!(site.map.contains("scripts/just lab run --profile default --bottleneck persistent_map"));
    let page = site.scenario("get_hit");
    assert!(page.contains("scripts/just lab explain persistent_map/get_hit/1000/"));
    assert!(page.contains("--profile default --bottleneck persistent_map --scenario get_hit"), "{page}");
}

#[test]
fn caveats_are_told_without_hovering() {
    let site = site(&common::full_size());
    let sentence = "Keeps its keys in order and compares instead of hashing them: it offers range queries";
    let legend = part(&site.map, "<ol class=\"caveats\">", "</ol>");
    assert!(legend.contains(sentence) && legend.contains("id=\"caveat-3\""));
    let badge = "href=\"persistent_map.html#caveat-3\"";
    assert!(part(site.scenario("get_hit"), "html\">chunkmap</a>", "</li>").contains(badge));
    assert!(site.page("persistent_map.by.chunkmap.html").contains(sentence));
    assert!(site.index.contains(sentence) && site.index.contains("href=\"persistent_map.html#caveat-3\""));
}

#[test]
fn stated_growth_is_beside_the_contender_that_states_it() {
    let site = site(&common::full_size());
    let legend = |scenario: &str| part(site.scenario(scenario), "<ul class=\"legend\"", "</ul>").to_owned();
    let of = |legend: &str, contender: &str| {
        part(legend, &format!(">{contender}</a>"), "</li>").contains("<i>O(n)</i>")
    };
    // A variant has the growth of what it is a variant of; a scenario without a statement has none.
    for scenario in ["insert_shared", "insert_shared_string"] {
        assert!(of(&legend(scenario), "cow") && !of(&legend(scenario), "hamt"));
    }
    assert!(!legend("iterate").contains("<i>"));
    let page = site.page("persistent_map.by.cow.html");
    assert!(page.contains("<dt>O(log n)</dt><dd>get_hit, get_miss</dd>"));
}

#[test]
fn a_record_that_contradicts_itself_loses_no_report() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("report");
    render(&common::full_size(), &Beside::default(), &dir).unwrap();
    let before = fs::read(dir.join("persistent_map.html")).unwrap();
    let mut record = common::full_size();
    record.contenders.retain(|contender| contender.name != "champ");
    let refused = render(&record, &Beside::default(), &dir).unwrap_err();
    assert!(refused.to_string().contains("no contender for the cell `persistent_map/"), "{refused}");
    record = common::full_size();
    record.bottlenecks[0].name = "../map".into();
    record.cells.retain(|cell| cell.name.bottleneck != "persistent_map");
    assert!(matches!(render(&record, &Beside::default(), &dir), Err(Error::PageName(_))));
    assert_eq!(fs::read(dir.join("persistent_map.html")).unwrap(), before);
    assert_eq!(files(home.path()), ["report"]);
}

#[test]
fn an_empty_record_is_a_report_too() {
    let mut record = common::full_size();
    record.cells.clear();
    let site = site(&record);
    assert!(site.index.contains("No ranking") && site.map.contains("Not in this record"));
}

#[test]
fn without_peers_or_a_naive_one_there_are_no_ratios_to_them() {
    let mut record = common::full_size();
    let gone = |role| matches!(role, Role::Peer | Role::Naive);
    record.contenders.retain(|contender| contender.bottleneck == "persistent_map" || !gone(contender.role));
    record.cells.retain(|cell| cell.name.bottleneck == "persistent_map" || !gone(cell.role));
    let site = site(&record);
    assert!(site.scenario("get_hit").contains("÷ the best peer"));
    let of_vector: Vec<_> = site.pages().filter(|(name, _)| name.starts_with("persistent_vector.")).collect();
    assert!(of_vector.len() > 5);
    for (name, page) in of_vector {
        assert!(
            !page.contains("÷ the best peer</caption>") && !page.contains("÷ the naive one</caption>"),
            "{name}"
        );
    }
    assert!(site.vector.contains("Ratio to the best contender"));
    let card = part(&site.index, "data-bottleneck=\"persistent_vector\"", "</section>");
    assert!(card.contains("÷ leader") && !card.contains("÷ best peer") && !card.contains("<figure"));
}

/// At most so many bytes of a report for each cell, of everything that is in it but the style and the scripts.
const MOST_BYTES: usize = 640;

/// The bytes of the pages and data of a report as they are written.
fn bytes(record: &Record) -> usize {
    let home = tempfile::tempdir().unwrap();
    let index = render(record, &common::beside(record), &home.path().join("report")).unwrap();
    let is_counted = |name: &&String| name.ends_with(".html") || name.ends_with(".data.js");
    let names = files(index.parent().unwrap());
    names.iter().filter(is_counted).map(|name| fs::read(index.with_file_name(name)).unwrap().len()).sum()
}

fn files(dir: &Path) -> Vec<String> {
    let names = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.collect()
}

#[test]
fn the_summary_tells_failures_first_and_marks_the_best() {
    let record = common::hostile();
    let text = reports::summary::markdown(&record);
    let failures = text.find("## ❌ Failures: 2").unwrap();
    assert!(failures < text.find("## Persistent map").unwrap());
    assert!(text.contains("- **persistent_map/hamt** (verify): version 3 changed"));
    assert!(text.contains("&lt;script&gt;") && !text.contains("<script>"));
    assert!(text.contains("Vectors &amp; \"lists\" &lt;i&gt;"));
    // `get_hit` has a contender that no other scenario has; the size is common to all of them.
    let row = text.lines().find(|line| line.starts_with("| get_hit |")).unwrap();
    assert_eq!(row.matches("**").count(), 2, "one best: {row}");
    assert!(row.contains("| 1\u{202f}k |") && row.contains("| – |"), "{row}");
    let columns: Vec<usize> =
        text.lines().filter(|line| line.starts_with("| ")).map(|line| line.matches(" |").count()).collect();
    assert!(columns.iter().all(|count| *count == 12 || *count == 8), "{columns:?}");
}

/// The first paragraph, table or figure of a metric in `text`, from `start` on.
fn of_metric<'a>(text: &'a str, start: &str, metric: &str, end: &str) -> &'a str {
    part(text, &format!("{start} data-metric=\"{metric}\""), end)
}

/// What the page of a scenario says of parts.
fn block(site: &Site, scenario: &str) -> String {
    part(site.page(&format!("store.{scenario}.html")), "<section id=\"parts\">", "</section>").to_owned()
}

#[test]
fn which_part_pays_is_told_first() {
    let page = store(&common::composed());
    assert!(page.find("<section id=\"parts\">") < page.find("<section id=\"contenders\">"));
    assert!(page.contains("<li><a href=\"#parts\">Which part pays</a></li>"));
    let answer = of_metric(&page, "<p class=\"answer m\"", "instructions", "</p>").replace('\u{202f}', " ");
    for sentence in [
        "In the programs, Signals (39 %), Query (37 %) and Storage (26 %) make 102 % of what best saves in instructions.",
        "Of what all_naive takes, best saves 55 %.",
        "Slots matters only once the others are best.",
        "Patterns costs more than it brings.",
        "The largest loss by a part is that of Patterns in program_form at n = 100: 25 % more.",
        "as_planned saves 111 % of what best saves.",
        "In 2 of 14 cell groups mixtures are missing, and the middles of intervals count.",
    ] {
        assert!(answer.contains(sentence), "{sentence}: {answer}");
    }
    assert!(
        of_metric(&page, "<p class=\"answer m\"", "atomics", "</p>")
            .contains("No part changes the atomic read-modify-writes of the program.")
    );
    let table = of_metric(&page, "<table class=\"verdicts m\"", "instructions", "</table>");
    let rows: Vec<&str> = table.split("<tr><th>").skip(1).map(|row| row.split('<').next().unwrap()).collect();
    assert_eq!(
        rows,
        ["Signals", "Query", "Storage", "Cache", "Arrays", "Slots", "Patterns", "rest"],
        "by share"
    );
    let patterns = part(table, "<tr><th>Patterns</th>", "</tr>");
    for words in [
        "class=\"v w2\">-13\u{202f}%",
        "<td>2 of 7<i>late in 1</i></td>",
        "1.25×",
        "href=\"store.match_patterns.html#parts\"",
    ] {
        assert!(patterns.contains(words), "{words}: {patterns}");
    }
    let shares = of_metric(&page, "<table class=\"glance m\"", "instructions", "</table>");
    let row = part(shares, "<tr data-scenario=\"program_form\"", "</tr>").replace('\u{202f}', " ");
    assert!(row.contains(">2.97×<") && row.contains(">23 %<") && row.contains("w2\">-10 %<"), "{row}");
}

#[test]
fn a_waterfall_leads_from_naive_to_best() {
    let site = site(&common::composed());
    let form = block(&site, "program_form");
    let figure = of_metric(&form, "<figure class=\"m\"", "instructions", "</figure>");
    let told = "program_form: Ir per step at size 1000, from all_naive to best: all_naive 520, Signals −300, \
                Storage −80.0, Patterns +35.0, best 175, as_planned 140.";
    assert!(figure.contains(&format!("aria-label=\"{told}\"")), "{figure}");
    let shapes = |path: &str| path.split('>').next().unwrap().matches('Z').count();
    let count =
        |class: &str| figure.split(&format!("<path class=\"{class}\"")).skip(1).map(shapes).sum::<usize>();
    assert_eq!(["whole", "gain", "loss", "rest"].map(count), [3, 2, 1, 0]);
    assert!(figure.contains("Within the tolerance: Query, Slots, Cache and Arrays."), "{figure}");
    for fixed in ["width=", "height=", "fill=", "stroke=", "font-", "NaN", "inf"] {
        assert!(!figure.contains(fixed), "{fixed} in {figure}");
    }
    // The middles of intervals do not add up.
    let editor = block(&site, "program_editor");
    let open = of_metric(&editor, "<figure class=\"m\"", "instructions", "</figure>");
    assert!(open.contains("<path class=\"rest\"") && open.contains("mixtures are missing"), "{open}");
    let notify = block(&site, "notify");
    assert!(!notify.contains("<figure class=\"m\" data-metric=\"blocks\""), "{notify}");
    let zero = of_metric(&notify, "<p class=\"m none\"", "blocks", "</p>");
    assert!(zero.ends_with("zero for naive and for best at every size."), "{zero}");
}

#[test]
fn what_a_part_saves_alone_and_last_stands_in_every_metric() {
    let site = site(&common::composed());
    let row = |scenario: &str, metric: &str, title: &str| {
        let block = block(&site, scenario);
        let table = of_metric(&block, "<table class=\"saved m\"", metric, "</table>");
        part(table, &format!("<tr><th>{title}</th>"), "</tr>").replace('\u{202f}', " ")
    };
    let get = row("get", "instructions", "Storage");
    let at_1000 = "<td>475<i>20.0×</i></td><td>475<i>20.0×</i></td>\
                   <td>475<i>mean</i></td><td class=\"b3\">100 %</td>";
    assert!(get.contains(at_1000), "{get}");
    let open = row("program_editor", "instructions", "Storage");
    let worth = "<td>380 – 1 180<i>interval</i></td><td class=\"b2\">33 %<i>16 % – 49 %</i></td>";
    assert!(open.contains(worth), "{open}");
    let editor = block(&site, "program_editor");
    let note = of_metric(&editor, "<p class=\"note m\"", "instructions", "</p>");
    assert!(
        note.contains(
            "5 parts are active, and Shapley values need their 32 mixtures. 12 of them are measured."
        )
    );
    assert!(note.contains("are missing: Storage + Query; Storage + Signals; "), "{note}");
    // By the clock one part less stands out, and the mixtures of three are all there.
    assert!(row("program_editor", "warm_ns", "Storage").contains("<i>Shapley</i>"));
    // The program makes no atomics at all, and keeps nothing.
    assert!(editor.contains("data-metric=\"atomics\">Atomics: zero for naive and for best at every size."));
    for metric in ["instructions", "blocks", "warm_ns", "cold_ns"] {
        assert!(editor.contains(&format!("<table class=\"saved m\" data-metric=\"{metric}\"")), "{metric}");
    }
}

#[test]
fn the_parts_of_a_scenario_are_told_on_its_page() {
    let mut record = common::composed();
    let site = site(&record);
    let outline = part(&block(&site, "get"), "<p class=\"answer\">", "</p>").replace('\u{202f}', " ");
    assert!(
        outline.contains("Instructions at n = 1 k: all_naive ÷ best = 20.0×; Storage 100 %"),
        "{outline}"
    );
    let section = part(site.page("store.html"), "<section id=\"parts\">", "</section>");
    // What forms a part has, with a link where the report has the page.
    let forms = part(section, "<table class=\"forms\">", "</table>");
    assert!(forms.contains("href=\"persistent_map.html\"") && !forms.contains("elsewhere.html"));
    assert!(forms.contains("keeps the &#60;last&#62; answers"));
    record.bottlenecks[2].composition.as_mut().unwrap().programs.clear();
    let page = store(&record);
    assert!(page.contains("In the scenarios, "));
}

#[test]
fn a_scenario_tells_where_the_instructions_go_if_the_baseline_knows() {
    let record = common::full_size();
    let mut beside = common::beside(&record);
    let whole = Site::beside(&record, &beside);
    let page = whole.scenario("insert_shared");
    // `best` is the lab's own with the fewest, and `im` the peer.
    let because = part(page, "<p class=\"because\">", "</p>");
    assert!(because.contains("im needs ") && because.contains(" instructions more than best"), "{because}");
    assert!(because.contains("more on allocating memory. <a href=\"#why\">"), "{because}");
    let why = part(page, "<section id=\"why\">", "</section>");
    assert!(why.contains("at n = 100\u{202f}k"), "the largest size");
    assert_eq!(why.matches(" role=\"img\" aria-label=\"").count(), 2);
    assert!(why.contains("<title>insert (lib.rs) ") && why.contains("<title>memcpy "));
    assert!(why.contains("<title>copied::&lt;K&gt; (lib.rs) "), "a name is text");
    assert!(why.contains("<th>insert<i>im/src/lib.rs</i></th><td>–</td><td>"), "{why}");
    let explain =
        "lab explain persistent_map/insert_shared/100000/best persistent_map/insert_shared/100000/im";
    assert!(why.contains(explain));
    let without = site(&record);
    let more = page.len() - without.scenario("insert_shared").len();
    // As a browser reads it, which is some more than what is written.
    assert!(more < 2_900, "{more} bytes");

    // Of another count, nothing is told but how to measure it; without a baseline, not even that.
    let baseline = beside.functions.as_mut().unwrap();
    for entry in baseline.cells.values_mut() {
        entry.counts.values_mut().for_each(|count| *count += 1);
    }
    let other = Site::beside(&record, &beside);
    let page = other.scenario("insert_shared");
    let why = part(page, "<section id=\"why\">", "</section>");
    assert!(why.contains(explain) && !why.contains("<svg") && !why.contains("<table"), "{why}");
    assert!(!page.contains("class=\"because\""));
    assert!(!without.scenario("insert_shared").contains("id=\"why\""));
}

#[test]
fn a_command_that_explains_names_whole_cells() {
    let record = common::full_size();
    let site = Site::beside(&record, &common::beside(&record));
    let mut commands = 0;
    for (name, page) in site.pages() {
        for command in page.split("lab explain ").skip(1) {
            let cells = command.split('<').next().unwrap();
            commands += 1;
            for cell in cells.split_whitespace() {
                assert!(cell.parse::<reports::CellName>().is_ok(), "{name}: lab explain {cells}");
            }
        }
    }
    assert!(commands > 20, "{commands} commands");
}

#[test]
fn the_history_says_what_changed_since_when() {
    let record = common::full_size();
    let history = common::history(&record);
    let page = |history: &[Entry]| {
        let beside = Beside { history: history.to_vec(), ..Beside::default() };
        Site::beside(&record, &beside).page("history.html").to_owned()
    };
    let whole = page(&history);
    let answer = part(&whole, "<p class=\"lede\">", "</p>");
    let expected = "1 change since 2026-01-01 08:00 UTC, in 4 records; the newest on 2026-01-03 08:00 UTC with revision 3333333333.";
    assert!(answer.ends_with(expected), "{answer}");
    let change = part(&whole, "aria-label=\"Changes, the newest first\"", "</table>");
    assert!(
        change
            .contains("<td class=\"v\">−33\u{202f}%</td><td><code>3333333333</code></td><td>Instructions</td><td class=\"v\">4</td><td"),
        "{change}"
    );
    assert!(change.contains("<a href=\"persistent_map.get_hit.html#"), "{change}");
    let map = part(&whole, "<section id=\"persistent_map\">", "</section>");
    assert!(map.contains("Cells that changed: 4<"));
    let row = part(map, "<a href=\"persistent_map.get_hit.html#1000/best\">get_hit/1000/best</a>", "</tr>");
    assert!(row.contains("2026-01-03 −33\u{202f}% (3333333333)") && row.contains("H67V16H102"), "{row}");
    // In the two smallest cells the gate tolerates as few instructions.
    // Only the contender that changed moves, and by less than its cells, because it has others.
    let moved = |row: &&str| !row.contains("<td class=\"v\">=</td>");
    let rows: Vec<&str> = map.split("<tr><th class=\"name\">").skip(1).collect();
    let contenders: Vec<&str> = rows[..9].iter().copied().filter(moved).collect();
    assert!(matches!(contenders[..], [only] if only.contains(">best</a>")), "{contenders:?}");
    assert!(!part(&whole, "<section id=\"persistent_vector\">", "</section>").contains("<details"));
    assert!(whole.len() < 30_000, "{} bytes", whole.len());

    let unchanged = page(&history[2..]);
    assert!(unchanged.contains("Since 2026-01-03 08:00 UTC, no count changed, in 2 records."), "{unchanged}");
    // The record may be in the history itself.
    let kept = Kept::of(&record);
    let own = Entry { id: id(&kept.text()), kept };
    assert!(page(&[&history[2..], std::slice::from_ref(&own)].concat()).contains("in 2 records."));
    assert!(page(&[own]).contains("None of the values of 1 record can be compared"));
    let mut other = history[0].clone();
    other.kept.cells.iter_mut().for_each(|cell| cell.name.bottleneck = "other".to_owned());
    assert_eq!(page(&[other]), page(&[]));
    let none = page(&[]);
    assert!(none.contains("“scripts/just lab history add” keeps the newest one"), "{none}");
    assert!(!none.contains("<table"));
}

#[test]
fn every_link_leads_somewhere() {
    for record in [common::composed(), common::full_size(), common::hostile()] {
        let site = Site::beside(&record, &common::beside(&record));
        let ids = |page: &str| -> Vec<String> {
            page.split(" id=\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
        };
        let places: BTreeMap<&String, Vec<String>> =
            site.pages().map(|(name, page)| (name, ids(page))).collect();
        for (name, page) in site.pages() {
            let distinct: BTreeSet<&String> = places[name].iter().collect();
            assert_eq!(distinct.len(), places[name].len(), "{name}: an id is there twice");
            for link in page.split("<a ").skip(1).map(|link| part(link, "href=\"", ">")) {
                let target = link.split('"').nth(1).unwrap();
                if target.starts_with("https://") {
                    continue; // the source of a claim
                }
                let (file, place) = target.split_once('#').unwrap_or((target, ""));
                let file = if file.is_empty() { name.clone() } else { file.to_owned() };
                let known = places.get(&file).unwrap_or_else(|| panic!("{name}: {target}"));
                // A page that compares is told there whom.
                let is_choice = file.ends_with(".compare.html");
                assert!(
                    place.is_empty() || is_choice || known.iter().any(|id| id == place),
                    "{name}: {target}"
                );
            }
            for element in ["section", "details", "div", "table", "p", "figure", "svg", "i", "ul", "form"] {
                let [opened, closed] = [
                    page.matches(&format!("<{element} ")).count()
                        + page.matches(&format!("<{element}>")).count(),
                    page.matches(&format!("</{element}>")).count(),
                ];
                assert_eq!(opened, closed, "{name}: {element}");
            }
        }
    }
}

#[test]
fn without_a_composition_or_its_ends_no_part_is_told() {
    let whole = site(&common::full_size());
    for page in [&whole.map, &whole.vector] {
        assert!(!page.contains("id=\"parts\"") && !page.contains("#parts\""));
    }
    let mut record = common::composed();
    record.cells.retain(|cell| cell.name.contender != "best");
    assert!(!store(&record).contains("id=\"parts\""));
    // A record of before the field is read all the same, and a bottleneck without the field is as it was.
    let mut json = serde_json::to_value(&record).unwrap();
    assert!(json["bottlenecks"][0].get("composition").is_none());
    json["bottlenecks"][2].as_object_mut().unwrap().remove("composition");
    record.bottlenecks[2].composition = None;
    assert_eq!(serde_json::from_value::<Record>(json).unwrap(), record);
}

#[test]
fn the_summary_tells_which_part_pays() {
    let text = reports::summary::markdown(&common::composed()).replace('\u{202f}', " ");
    let of_store = text.split("## Store").nth(1).unwrap();
    assert!(
        of_store
            .trim_start()
            .starts_with("In the programs, Signals (39 %), Query (37 %) and Storage (26 %) make 102 %")
    );
    assert!(!text.split("## Store").next().unwrap().contains("In the programs"));
}

/// Sets what an operation of a contender takes in a scenario, by size.
fn cost(record: &mut Record, scenario: &str, contender: &str, instructions: impl Fn(f64) -> f64) {
    let is_wanted = |cell: &&mut CellRecord| {
        let name = &cell.name;
        (name.bottleneck.as_str(), name.scenario.as_str(), name.contender.as_str())
            == ("persistent_map", scenario, contender)
    };
    for cell in record.cells.iter_mut().filter(is_wanted) {
        let total = instructions(cell.name.size as f64) * cell.ops as f64;
        cell.measured.instructions = Some(total.round() as u64);
    }
}

#[test]
fn growth_stands_beside_what_is_stated_and_a_contradiction_comes_first() {
    let mut record = common::full_size();
    // All of them state O(log n) for `get_hit`.
    cost(&mut record, "get_hit", "im", |n| 500.0 + 3.0 * n);
    cost(&mut record, "get_hit", "imbl", |n| 500.0 + 100.0 * n.log2());
    cost(&mut record, "get_hit", "rpds", |_| 700.0);
    cost(&mut record, "get_hit", "best", |n| 500.0 + 100.0 * n.sqrt());
    let page = site(&record).map;
    let section = part(&page, "<section id=\"growth\">", "</section>");
    let (before, folded) = section.split_once("<details").unwrap();
    let found = part(before, "<li data-contradicts=\"get_hit\">", "</li>");
    for words in [
        "<span class=\"name\">im</span> states O(log n) for <a href=\"persistent_map.get_hit.html\">get_hit</a>",
        "Its instructions grow as O(n): 573× from n = 8 to 100\u{202f}k.",
    ] {
        assert!(found.contains(words), "{words}: {found}");
    }
    let table = part(folded, "<table class=\"glance growths m\" data-metric=\"instructions\">", "</table>");
    let row = part(table, "<tr data-scenario=\"get_hit\">", "</tr>");
    for cell in [
        "<td class=\"w3\">O(n)<i>stated O(log n)</i><",
        "<td>O(log n)<i>500 + 100 log n</i><",
        "<td class=\"b1\">O(1)<i>700</i><",
        "<td>unclear<",
    ] {
        assert!(row.contains(cell), "{cell}: {row}");
    }
    // Reads allocate nothing.
    assert!(section.contains("Zero for every contender at every size: get_hit, "), "{section}");
    let few = site(&common::hostile()).map;
    let section = part(&few, "<section id=\"growth\">", "</section>");
    assert!(section.contains("No scenario was measured at 5 sizes over two decades"), "{section}");
    assert!(!section.contains("<table"), "{section}");
}

#[test]
fn who_changes_places_is_told_with_the_size() {
    let mut record = common::full_size();
    for scenario in &record.bottlenecks[0].scenarios.clone() {
        for (at, contender) in
            ["cow", "hamt", "champ", "best", "im", "imbl", "rpds", "chunkmap"].iter().enumerate()
        {
            cost(&mut record, &scenario.name, contender, |_| 1000.0 * 2f64.powi(at as i32));
        }
    }
    let list = |record: &Record| {
        let page = site(record).map;
        let section = part(&page, "<section id=\"crossovers\">", "</section>");
        part(section, "<div class=\"told m\" data-metric=\"instructions\">", "data-metric=\"warm_ns\"")
            .to_owned()
    };
    let none = list(&record);
    assert!(
        none.contains("In instructions no two contenders change places") && !none.contains("<table"),
        "{none}"
    );
    // `cow` takes as much as `hamt` at 200, and as `champ` at 400.
    cost(&mut record, "iterate", "cow", |n| 10.0 * n);
    cost(&mut record, "iterate", "chunkmap", |_| 1e9);
    let some = list(&record);
    let rows: Vec<&str> = some.split("<tr>").skip(2).collect();
    assert!(rows.len() >= 6, "{some}");
    let expected = "<a href=\"persistent_map.iterate.html\">iterate</a></th><td class=\"text\">cow</td><td class=\"v\">200<i>190–210</i></td>\
                    <td class=\"text\">hamt</td>";
    assert!(rows.iter().any(|row| row.contains(expected)), "{some}");
    // With more of them the rest is folded away.
    for scenario in ["union", "equality"] {
        cost(&mut record, scenario, "cow", |n| 10.0 * n);
    }
    let many = list(&record);
    assert_eq!(many.split("<tr>").count(), 2 + 12, "{many}");
    assert!(many.contains("cow → ") && many.contains(" more, by scenario</summary>"), "{many}");
}

#[test]
fn it_is_told_from_how_many_versions_on_sharing_pays() {
    let page = site(&common::full_size()).map;
    let section = part(&page, "<section id=\"payoff\">", "</section>");
    assert!(section.contains("cannot be told: hash_map_copy, which copies, was not measured."), "{section}");
    let mut record = common::full_size();
    for name in record
        .contenders
        .iter_mut()
        .filter(|contender| contender.bottleneck == "persistent_map")
        .map(|contender| &mut contender.name)
        .chain(
            record
                .cells
                .iter_mut()
                .filter(|cell| cell.name.bottleneck == "persistent_map")
                .map(|cell| &mut cell.name.contender),
        )
        .filter(|name| *name == "cow")
    {
        *name = "hash_map_copy".into();
    }
    for (scenario, copies, best) in [("insert_unshared", 10.0, 100.0), ("variants_100", 1000.0, 400.0)] {
        cost(&mut record, scenario, "hash_map_copy", |_| copies);
        cost(&mut record, scenario, "best", |_| best);
    }
    let page = site(&record).map;
    let section = part(&page, "<section id=\"payoff\">", "</section>");
    let caption = "Instructions: versions from which it beats hash_map_copy (<a href=\"persistent_map.insert_unshared.html\">insert_unshared</a>";
    assert!(section.contains(caption), "{section}");
    // Building takes 90 more for each of n entries, and a version 600 less: 15 / 100 · n.
    let row = part(section, "<tr data-contender=\"best\"", "</tr>");
    let cells: Vec<&str> =
        row.split("<td").skip(1).map(|cell| cell.split(['>', '<']).nth(1).unwrap()).collect();
    assert_eq!(cells[..3], ["2", "never", "never"], "{row}");
    // Three of six sizes are shown: 8, 1,000 and 100,000.
    assert_eq!((cells[3..6].to_vec(), cells.len()), (vec!["151", "never", "never"], 9), "{row}");
    // A bound keeps no versions, and who copies is what the others are held against.
    assert!(
        !section.contains("data-contender=\"std\"") && !section.contains("data-contender=\"hash_map_copy\"")
    );
}
