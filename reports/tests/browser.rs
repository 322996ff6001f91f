//! The report in a browser: headless Chromium, where it is installed.
//!
//! What a page looks like at a width is measured in a frame of that width, because a headless window
//! has a least width; the frame is made of the page's own text, so that the test may look into it.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use reports::duel::{Duel, Outcome};
use reports::metric::Metric;
use reports::render::render;
use reports::view::BottleneckView;

/// Chromium, if there is one; says so if not.
fn chromium() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let found = std::env::split_paths(&path)
        .flat_map(|dir| names.map(|name| dir.join(name)))
        .find(|candidate| candidate.is_file());
    if found.is_none() {
        println!("skipped: no Chromium found (Debian: apt-get install chromium)");
    }
    found
}

/// What became of a page.
struct Visit {
    dom: String,
    /// Addresses of network requests.
    requests: Vec<String>,
}

/// Opens `url` and waits for its scripts.
fn visit(chromium: &Path, home: &Path, url: &str) -> Visit {
    let log = home.join("net.json");
    let output = Command::new(chromium)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-extensions",
            "--disable-default-apps",
            "--hide-scrollbars",
            "--window-size=1600,1200",
            "--virtual-time-budget=10000",
        ])
        .arg(format!("--user-data-dir={}", home.join("profile").display()))
        .arg(format!("--log-net-log={}", log.display()))
        .args(["--dump-dom", url])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let dom = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && !dom.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    Visit { dom, requests: requests(&log) }
}

/// The addresses of the requests in a network log that a page started.
///
/// The browser's own (updates, time, accounts) say that no origin started them; a page from a disk
/// has the origin `null`.
fn requests(log: &Path) -> Vec<String> {
    let log: serde_json::Value = serde_json::from_slice(&fs::read(log).unwrap()).unwrap();
    let events = log["events"].as_array().unwrap();
    assert!(!events.is_empty(), "the log records something");
    let started = events
        .iter()
        .map(|event| &event["params"])
        .filter(|params| params["initiator"].as_str().is_some_and(|initiator| initiator != "not an origin"));
    let addresses = started.filter_map(|params| params["url"].as_str());
    let outside = |address: &&str| !address.starts_with("file:") && !address.starts_with("data:");
    addresses.filter(outside).map(str::to_owned).collect()
}

/// The value of an attribute of the document's element.
fn data<'a>(dom: &'a str, name: &str) -> &'a str {
    let start = dom.find("<html").unwrap();
    let tag = &dom[start..start + dom[start..].find('>').unwrap()];
    let value = tag.split_once(&format!("data-{name}=\"")).unwrap_or_else(|| panic!("no {name} in {tag}")).1;
    value.split('"').next().unwrap()
}

/// The contenders of a scenario's table in the order and with the visibility that the browser gives them.
fn contenders(dom: &str, metric: &str) -> Vec<String> {
    let table = &dom[dom.find(&format!("<table class=\"matrix m\" data-metric=\"{metric}\"")).unwrap()..];
    let table = &table[..table.find("</table>").unwrap()];
    let rows = table.split("<tr ").skip(1);
    let visible = rows.filter(|row| !row[..row.find('>').unwrap()].contains("hidden"));
    let name = |row: &str| row.split_once("<th>").unwrap().1.split('<').next().unwrap().to_owned();
    visible.map(name).collect()
}

fn report(record: &reports::record::Record) -> (tempfile::TempDir, String) {
    let home = tempfile::tempdir().unwrap();
    render(record, &common::beside(record), &home.path().join("report")).unwrap();
    let url = format!("file://{}/report", home.path().display());
    (home, url)
}

/// A page of each kind.
const KINDS: [&str; 9] = [
    "index.html",
    "sensitivity.html",
    "history.html",
    "environment.html",
    "claims.html",
    "persistent_map.html",
    "persistent_map.get_hit.html",
    "persistent_map.by.im.html",
    "persistent_map.compare.html",
];

#[test]
fn scripts_run_and_nothing_leaves_the_page() {
    let Some(chromium) = chromium() else { return };
    let (home, url) = report(&common::hostile());
    for page in KINDS.into_iter().chain(["persistent_vector.html"]) {
        let visit = visit(&chromium, home.path(), &format!("{url}/{page}"));
        assert_eq!(data(&visit.dom, "ready"), "yes", "{page}");
        assert_eq!(visit.requests, [""; 0], "{page}");
        assert!(!visit.dom.contains("<title>broken"), "{page}: a name became a script");
    }
}

#[test]
fn even_a_foreign_element_may_not_ask_for_anything() {
    let Some(chromium) = chromium() else { return };
    let (home, _) = report(&common::hostile());
    let foreign = r#"<img src="http://127.0.0.1:9/pixel"><script>fetch("http://127.0.0.1:9/data")</script>"#;
    let page = fs::read_to_string(home.path().join("report/index.html")).unwrap();
    let file = home.path().join("report/foreign.html");
    let url = format!("file://{}", file.display());

    // Without a policy both requests start: the log would tell.
    fs::write(&file, foreign).unwrap();
    assert_eq!(visit(&chromium, home.path(), &url).requests.len(), 2);
    fs::write(&file, page.replace("<main", &format!("{foreign}<main"))).unwrap();
    let visit = visit(&chromium, home.path(), &url);
    assert!(visit.dom.contains("127.0.0.1:9/pixel"));
    assert_eq!(visit.requests, [""; 0]);
}

#[test]
fn a_link_filters_and_sorts() {
    let Some(chromium) = chromium() else { return };
    let record = common::full_size();
    let (home, url) = report(&record);
    let page = format!("{url}/persistent_map.get_hit.html");
    let visit = |hash: &str| visit(&chromium, home.path(), &format!("{page}{hash}")).dom;

    let all = visit("");
    assert_eq!((data(&all, "shown"), contenders(&all, "instructions")[0].as_str()), ("9", "cow"));

    // `im` is a whole name, so that `imbl` is not shown.
    let one = visit("#filter=im&roles=peer,optimized&sort=1000&metric=blocks");
    assert_eq!(contenders(&one, "instructions"), ["im"]);

    let two = visit("#filter=im%20imbl&roles=peer,optimized&sort=1000&metric=blocks");
    let mut shown = contenders(&two, "instructions");
    let by_cost = |contender: &String| {
        let name = format!("persistent_map/get_hit/1000/{contender}");
        let cell = record.cells.iter().find(|cell| cell.name.to_string() == name).unwrap();
        cell.measured.instructions.unwrap() / cell.ops
    };
    assert!(shown.is_sorted_by_key(by_cost), "{shown:?}");
    shown.sort();
    assert_eq!(shown, ["im", "imbl"]);

    let mut shown = contenders(&visit("#sort=1000:down"), "instructions");
    shown.reverse();
    assert!(shown.len() == 9 && shown.is_sorted_by_key(by_cost), "{shown:?}");

    // The beginning of a name finds all that begin with it.
    assert_eq!(contenders(&visit("#filter=imb"), "instructions"), ["imbl"]);
    assert_eq!(data(&visit("#filter=nonsense"), "shown"), "0");
}

#[test]
fn the_filter_of_a_bottleneck_chooses_scenarios_and_contenders() {
    let Some(chromium) = chromium() else { return };
    let (home, url) = report(&common::full_size());
    let page = format!("{url}/persistent_map.html");
    let visit = |hash: &str| visit(&chromium, home.path(), &format!("{page}{hash}")).dom;
    let all = visit("");
    assert_eq!((data(&all, "shown"), data(&all, "rows")), ("22", "9"));
    // `get_hit`, `get_miss` and their variants; two contenders side by side.
    let some = visit("#filter=get%20im%20imbl");
    assert_eq!((data(&some, "shown"), data(&some, "rows")), ("4", "2"));
    let peers = visit("#roles=peer");
    assert_eq!((data(&peers, "shown"), data(&peers, "rows")), ("22", "4"));
}

/// The cells of the tables of a page that compares, row by row.
fn compared(page: &str, table: &str) -> Vec<Vec<String>> {
    let page = common::as_read(page).replace("</th>", "</td>");
    let table =
        page.split_once(&format!("<table class=\"{table}\"")).unwrap().1.split_once("</table>").unwrap().0;
    let rows = table.split_once("<tbody>").unwrap().1.split("<tr>").skip(1);
    let texts =
        |row: &str| row.split('<').filter_map(|it| Some(it.split_once('>')?.1)).collect::<Vec<_>>().join("|");
    let cells = |row: &str| row.split("</td>").map(|cell| texts(cell).replace('|', "")).collect();
    rows.map(cells).collect()
}

#[test]
fn any_two_are_compared_as_the_page_compares_its_own() {
    let Some(chromium) = chromium() else { return };
    let record = common::full_size();
    let (home, url) = report(&record);
    let file = "persistent_map.compare.html";
    let page = format!("{url}/{file}");
    let visit = |hash: &str| visit(&chromium, home.path(), &format!("{page}{hash}")).dom;
    let name = |dom: &str, side: &str| {
        let of = format!("<th class=\"{side}\">");
        dom.split_once(&of).unwrap().1.split('<').next().unwrap().to_owned()
    };

    // The script finds what the page says without it.
    let written = fs::read_to_string(home.path().join("report").join(file)).unwrap();
    let found = visit("");
    for table in ["totaled", "groups"] {
        let [written, found] = [&written, &found].map(|text| compared(text, table));
        assert!(written.len() > 4, "{written:?}");
        // The script's ratios are those of rounded values.
        let told = |row: &[String]| {
            let ratio = row[row.len() - 2].trim_end_matches('×').parse().unwrap_or(f64::NAN);
            (row[..row.len() - 2].to_vec(), ratio)
        };
        assert_eq!(found.len(), written.len(), "{table}");
        for (found, written) in found.iter().zip(&written) {
            let ((cells, ratio), (expected, near)) = (told(found), told(written));
            assert_eq!(cells, expected, "{table}");
            assert!((ratio / near - 1.0).abs() < 0.05 || found == written, "{found:?} for {written:?}");
        }
    }
    let found = visit("#im/rpds/warm_ns");
    assert_eq!([name(&found, "left"), name(&found, "right")], ["im", "rpds"]);
    assert!(found.contains("<table class=\"groups\" data-metric=\"warm_ns\">"));
    let view = &BottleneckView::all(&record).unwrap()[0];
    let at = |name: &str| view.contenders.iter().position(|contender| contender.name == name).unwrap();
    for (row, metric) in [(0, Metric::Instructions), (4, Metric::Warm)] {
        let duel = Duel::new(view, metric, at("im"), at("rpds"));
        let counts =
            [Outcome::Less, Outcome::Level, Outcome::More].map(|outcome| duel.count(outcome).to_string());
        let row = &compared(&found, "totaled")[row];
        assert_eq!((row[0].as_str(), &row[1..4]), (metric.title(), &counts[..]));
    }
    // Another page passes its view along, and a name that is not there changes nothing.
    let passed = visit("#metric=blocks&at=imbl/im");
    assert_eq!([name(&passed, "left"), name(&passed, "right")], ["imbl", "im"]);
    assert!(passed.contains("<table class=\"groups\" data-metric=\"blocks\">"));
    let [first, unknown] = ["", "#nobody/%F0"].map(visit);
    assert_eq!(compared(&unknown, "groups"), compared(&first, "groups"));
}

/// A page to which a script is added that runs when the page is ready.
fn with_script(home: &Path, page: &str, script: &str) -> String {
    let text = fs::read_to_string(home.join("report").join(page)).unwrap();
    // The page's policy allows its own script only, so it is taken away from the copy.
    let start = text.find("<meta http-equiv=\"Content-Security-Policy\"").expect("the page has a policy");
    let end = start + text[start..].find('>').unwrap() + 1;
    let text = format!("{}{}", &text[..start], &text[end..]);
    let file = home.join("report").join(format!("scripted-{page}"));
    let script = format!("<script>addEventListener(\"load\", () => {{ {script} }});</script>");
    fs::write(&file, text.replace("</body>", &format!("{script}</body>"))).unwrap();
    format!("file://{}", file.display())
}

#[test]
fn a_link_keeps_the_view_and_shows_what_the_filter_hides() {
    let Some(chromium) = chromium() else { return };
    let (home, _) = report(&common::full_size());
    let tell = r##"
        const data = document.documentElement.dataset;
        addEventListener("click", (event) => event.preventDefault());
        setTimeout(() => {
            const link = document.querySelector(".toc a[href^='persistent_map.iterate']");
            link.click(); data.other = link.getAttribute("href");
            document.querySelector(".toc a[href='#growth']").click(); data.kept = location.hash;
            const top = document.getElementById("growth").getBoundingClientRect().top;
            data.free = top >= document.querySelector(".tools").getBoundingClientRect().bottom - 1;
            const row = document.getElementById("iterate");
            data.filtered = row.hidden;
            location.hash = "#at=iterate"; dispatchEvent(new HashChangeEvent("hashchange"));
            data.found = row.hidden;
        }, 300);"##;
    let url = with_script(home.path(), "persistent_map.html", tell);
    let dom = visit(&chromium, home.path(), &format!("{url}#metric=blocks&filter=get")).dom;
    assert_eq!(data(&dom, "other"), "persistent_map.iterate.html#metric=blocks&amp;filter=get");
    assert_eq!(data(&dom, "kept"), "#metric=blocks&amp;filter=get&amp;at=growth");
    assert_eq!((data(&dom, "free"), data(&dom, "filtered"), data(&dom, "found")), ("true", "true", "false"));
}

#[test]
fn a_point_tells_its_value_to_the_pointer_and_to_the_keyboard() {
    let Some(chromium) = chromium() else { return };
    let record = common::full_size();
    let (home, _) = report(&record);
    let tell = r##"
        const data = document.documentElement.dataset;
        const told = () => { const tip = document.querySelector(".tip"); return !tip || tip.hidden ? "nothing" : tip.textContent; };
        setTimeout(() => {
            const plot = document.querySelector(".drawn .plot");
            const point = plot.querySelector(".s1 use:nth-of-type(4)").getBoundingClientRect();
            const at = { clientX: point.x + point.width / 2, clientY: point.y + point.height / 2, bubbles: true };
            plot.dispatchEvent(new PointerEvent("pointermove", at)); data.pointed = told();
            plot.dispatchEvent(new PointerEvent("pointerleave", at)); data.left = told();
            data.tab = plot.tabIndex;
            const press = (key) => plot.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
            press("ArrowRight"); const first = told(); press("ArrowRight"); data.next = told() !== first;
            press("ArrowUp"); data.other = told().split(",")[0] !== first.split(",")[0];
            press("Escape"); data.closed = told();
            document.querySelector(".scale").click();
            const linear = document.querySelector(".drawn .plot");
            data.linear = linear !== plot && linear.querySelectorAll("use").length === plot.querySelectorAll("use").length;
            const ticks = [...linear.querySelectorAll("text:not(.c)")].map((text) => text.textContent);
            data.zero = ticks[0];
            data.address = location.hash;
            const shaded = (metric) => document.querySelectorAll(`.values table[data-metric=${metric}] :is(.b1, .b2, .b3)`).length > 3;
            data.shaded = ["instructions", "warm_ns", "cold_ns"].every(shaded);
            const others = [...document.querySelectorAll(".drawn figure")].slice(1);
            data.others = others.length && others.every((it) => it.querySelectorAll("use").length > 10 && it.querySelectorAll("text").length > 5);
            document.querySelector(".scale").click();
            data.back = document.querySelector(".drawn .plot") === plot && location.hash;
        }, 300);"##;
    let url = with_script(home.path(), "persistent_map.get_hit.html", tell);
    let dom = visit(&chromium, home.path(), &url).dom;
    let cell =
        record.cells.iter().find(|cell| cell.name.to_string() == "persistent_map/get_hit/1000/hamt").unwrap();
    let value = cell.measured.instructions.unwrap() as f64 / cell.ops as f64;
    let pointed = data(&dom, "pointed").replace('\u{202f}', "");
    let told = pointed.strip_prefix("hamt, n = 1k: ").and_then(|text| text.strip_suffix(" Ir per get"));
    let told: f64 = told.unwrap_or_else(|| panic!("{pointed}")).parse().unwrap();
    assert!((told / value - 1.0).abs() < 0.005, "{told} for {value}");
    assert_eq!((data(&dom, "left"), data(&dom, "closed"), data(&dom, "tab")), ("nothing", "nothing", "0"));
    assert_eq!((data(&dom, "next"), data(&dom, "other")), ("true", "true"));
    assert_eq!((data(&dom, "linear"), data(&dom, "zero")), ("true", "0"));
    assert_eq!(data(&dom, "others"), "true", "the script draws what the page does not");
    assert_eq!(data(&dom, "shaded"), "true", "and shades it");
    assert_eq!((data(&dom, "address"), data(&dom, "back")), ("#scale=linear", ""));
}

#[test]
fn tables_and_charts_can_be_saved() {
    let Some(chromium) = chromium() else { return };
    let (home, _) = report(&common::full_size());
    let tell = r##"
        const data = document.documentElement.dataset;
        const saved = [];
        const make = URL.createObjectURL;
        URL.createObjectURL = (blob) => { saved.push(blob); return make(blob); };
        HTMLAnchorElement.prototype.click = function () { saved.push(this.download); };
        setTimeout(async () => {
            document.querySelector(".values table .save").click();
            const [csv, table] = [await saved[0].text(), saved[1]];
            const lines = csv.trim().split("\n");
            data.table = table; data.head = lines[0]; data.lines = lines.length;
            data.columns = new Set(lines.map((line) => line.split(",").length)).size;
            [...document.querySelectorAll(".drawn .save")].find((it) => it.textContent === "SVG").click();
            const svg = await saved[2].text();
            data.chart = saved[3];
            const parsed = new DOMParser().parseFromString(svg, "image/svg+xml");
            data.whole = !parsed.querySelector("parsererror") && parsed.querySelectorAll("use").length > 10;
            data.free = !svg.includes("var(") && svg.includes("stroke:");
        }, 300);"##;
    let url = with_script(home.path(), "persistent_map.get_hit.html", tell);
    let dom = visit(&chromium, home.path(), &url).dom;
    assert_eq!(data(&dom, "table"), "scripted-persistent_map.get_hit.instructions.csv");
    assert_eq!(data(&dom, "chart"), "scripted-persistent_map.get_hit.instructions.svg");
    assert!(data(&dom, "head").starts_with("Contender,n = 8,,n = 32,,"), "{}", data(&dom, "head"));
    assert_eq!((data(&dom, "lines"), data(&dom, "columns")), ("10", "1"));
    assert_eq!((data(&dom, "whole"), data(&dom, "free")), ("true", "true"));
}

/// axe-core, which `scripts/just setup-axe` installs; says so if it is not there.
fn axe() -> Option<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.tools/axe/axe.min.js");
    let found = fs::read_to_string(file).ok();
    if found.is_none() {
        println!("skipped: no axe-core (scripts/just setup-axe)");
    }
    found
}

#[test]
fn axe_finds_nothing_that_keeps_people_from_using_a_page() {
    let (Some(chromium), Some(axe)) = (chromium(), axe()) else { return };
    let mut found = Vec::new();
    for (record, pages) in [
        (common::full_size(), &KINDS[..]),
        (common::hostile(), &["index.html", "persistent_map.html"]),
        (common::composed(), &["store.html", "store.program_form.html"]),
    ] {
        let (home, _) = report(&record);
        fs::write(home.path().join("report/axe.js"), &axe).unwrap();
        for page in pages {
            let tell = r##"
                const load = document.createElement("script");
                load.src = "axe.js";
                load.onload = async () => {
                    for (const details of document.querySelectorAll("details")) details.open = true;
                    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
                    const found = await axe.run(document, { runOnly: tags, resultTypes: ["violations"] });
                    const told = found.violations.map((it) => `${it.id} (${it.nodes.length}): ${it.nodes[0].html.slice(0, 160)} ${it.nodes[0].failureSummary}`);
                    document.documentElement.dataset.passed = found.passes.length;
                    document.documentElement.dataset.violations = told.join(" | ") || "none";
                };
                document.head.append(load);"##;
            let url = with_script(home.path(), page, tell);
            let dom = visit(&chromium, home.path(), &url).dom;
            assert!(data(&dom, "passed").parse::<u32>().unwrap() > 10, "{page}");
            if data(&dom, "violations") != "none" {
                found.push(format!("{page}: {}", data(&dom, "violations")));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Widths of a phone, a tablet and a desk.
const WIDTHS: [u32; 3] = [360, 820, 1600];

/// A page that shows `page` in a frame of each width and tells what it found there.
fn framed(page: &str) -> String {
    let quoted = page.replace('&', "&amp;").replace('"', "&quot;");
    let frames = WIDTHS.map(|width| {
        format!(r#"<iframe style="width:{width}px;height:900px;border:0" srcdoc="{quoted}"></iframe>"#)
    });
    let script = r#"
const measure = (frame) => {
  const inner = frame.contentDocument;
  const root = inner.documentElement;
  for (const details of inner.querySelectorAll("details")) details.open = true;
  const inScroller = (element) => element.closest(".scroll, .switch, .command, .sprite");
  const wide = [...inner.body.querySelectorAll("*")].filter((element) =>
    !inScroller(element) && element.getBoundingClientRect().right > root.clientWidth + 0.5);
  const tables = [...inner.querySelectorAll("table.m")];
  return {
    ready: root.dataset.ready,
    width: root.clientWidth,
    overflow: Math.max(root.scrollWidth, inner.body.scrollWidth) - root.clientWidth,
    wide: wide.map((element) => element.className || element.tagName).slice(0, 5).join("+") || "none",
    tables: tables.filter((table) => table.offsetHeight > 0).length,
  };
};
addEventListener("load", () => {
  const found = [...document.querySelectorAll("iframe")].map(measure);
  for (const key of Object.keys(found[0])) {
    document.documentElement.dataset[key] = found.map((frame) => frame[key]).join(" ");
  }
});"#;
    format!("<!doctype html><html><body>{}<script>{script}</script></body></html>", frames.concat())
}

#[test]
fn no_page_scrolls_sideways_and_one_metric_is_shown() {
    let Some(chromium) = chromium() else { return };
    for (record, name, tables) in [
        (common::hostile(), "index.html", "0 0 0"),
        (common::hostile(), "environment.html", "0 0 0"),
        (common::full_size(), "history.html", "0 0 0"),
        (common::hostile(), "sensitivity.html", "0 0 0"),
        (common::full_size(), "claims.html", "0 0 0"),
        (common::hostile(), "persistent_map.html", "1 1 1"),
        (common::hostile(), "persistent_map.get_hit.html", "1 1 1"),
        (common::full_size(), "persistent_map.html", "2 2 2"),
        (common::full_size(), "persistent_map.by.best.html", "0 0 0"),
        (common::full_size(), "persistent_map.compare.html", "0 0 0"),
        (common::full_size(), "persistent_map.get_hit.html", "1 1 1"),
        (common::composed(), "store.html", "3 3 3"),
        (common::composed(), "store.program_form.html", "2 2 2"),
    ] {
        let (home, _) = report(&record);
        let page = fs::read_to_string(home.path().join("report").join(name)).unwrap();
        let frames = home.path().join("report/frames.html");
        fs::write(&frames, framed(&page)).unwrap();
        let dom = visit(&chromium, home.path(), &format!("file://{}", frames.display())).dom;
        assert_eq!(data(&dom, "width"), "360 820 1600", "{name}");
        assert_eq!(data(&dom, "ready"), "yes yes yes", "{name}");
        assert_eq!(data(&dom, "overflow"), "0 0 0", "{name}");
        assert_eq!(data(&dom, "wide"), "none none none", "{name}");
        assert_eq!(data(&dom, "tables"), tables, "{name}");
    }
}
