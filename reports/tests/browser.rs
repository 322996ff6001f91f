//! The report in a browser: headless Chromium, where it is installed.
//!
//! What a page looks like at a width is measured in a frame of that width, because a headless window
//! has a least width; the frame is made of the page's own text, so that the test may look into it.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use reports::render::render;

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

/// The contenders of a matrix in the order and with the visibility that the browser gives them.
fn contenders(dom: &str, scenario: &str, metric: &str) -> Vec<String> {
    let section = &dom[dom.find(&format!("id=\"{scenario}\" data-scenario")).unwrap()..];
    let table =
        &section[section.find(&format!("<table class=\"matrix m\" data-metric=\"{metric}\"")).unwrap()..];
    let table = &table[..table.find("</table>").unwrap()];
    let rows = table.split("<tr data-contender=\"").skip(1);
    let visible = rows.filter(|row| !row[..row.find('>').unwrap()].contains("hidden"));
    visible.map(|row| row.split('"').next().unwrap().to_owned()).collect()
}

fn report(record: &reports::record::Record) -> (tempfile::TempDir, String) {
    let home = tempfile::tempdir().unwrap();
    render(record, &home.path().join("report")).unwrap();
    let url = format!("file://{}/report", home.path().display());
    (home, url)
}

#[test]
fn scripts_run_and_nothing_leaves_the_page() {
    let Some(chromium) = chromium() else { return };
    let (home, url) = report(&common::hostile());
    for page in ["index.html", "persistent_map.html", "persistent_vector.html"] {
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
    let file = home.path().join("foreign.html");
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
    let page = format!("{url}/persistent_map.html");

    let all = visit(&chromium, home.path(), &page).dom;
    // One row for each contender that takes part in a scenario.
    let rows = record
        .cells
        .iter()
        .filter(|cell| cell.name.bottleneck == "persistent_map" && cell.name.size == 8)
        .count();
    assert_eq!((data(&all, "sections"), data(&all, "rows")), ("22", rows.to_string().as_str()));
    assert_eq!(contenders(&all, "get_hit", "instructions")[0], "cow");

    let view = visit(
        &chromium,
        home.path(),
        &format!("{page}#filter=get%20im&roles=peer,optimized&sort=1000&metric=blocks"),
    )
    .dom;
    // `get_hit`, `get_miss` and their variants; of each, `im` and not `imbl`.
    assert_eq!((data(&view, "sections"), data(&view, "rows")), ("4", "4"));
    assert_eq!(contenders(&view, "get_hit", "instructions"), ["im"]);

    let view = visit(
        &chromium,
        home.path(),
        &format!("{page}#filter=get%20im%20imbl&roles=peer,optimized&sort=1000&metric=blocks"),
    )
    .dom;
    assert_eq!((data(&view, "sections"), data(&view, "rows")), ("4", "8"));
    let mut shown = contenders(&view, "get_hit", "instructions");
    let by_cost = |contender: &String| {
        let name = format!("persistent_map/get_hit/1000/{contender}");
        let cell = record.cells.iter().find(|cell| cell.name.to_string() == name).unwrap();
        cell.measured.instructions.unwrap() / cell.ops
    };
    assert!(shown.is_sorted_by_key(by_cost), "{shown:?}");
    shown.sort();
    assert_eq!(shown, ["im", "imbl"]);

    let sorted = visit(&chromium, home.path(), &format!("{page}#sort=1000:down")).dom;
    let mut shown = contenders(&sorted, "get_hit", "instructions");
    shown.reverse();
    assert!(shown.len() == 9 && shown.is_sorted_by_key(by_cost), "{shown:?}");

    // The beginning of a name finds all that begin with it.
    let begun = visit(&chromium, home.path(), &format!("{page}#filter=get_hit%20imb")).dom;
    assert_eq!(contenders(&begun, "get_hit", "instructions"), ["imbl"]);

    let nothing = visit(&chromium, home.path(), &format!("{page}#filter=nonsense")).dom;
    assert_eq!((data(&nothing, "sections"), data(&nothing, "rows")), ("0", "0"));
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
fn a_link_to_a_scenario_keeps_the_view_and_shows_what_the_filter_hides() {
    let Some(chromium) = chromium() else { return };
    let (home, _) = report(&common::full_size());
    let tell = r##"
        const click = (id) => document.querySelector(`.toc a[href="#${id}"]`).click();
        const tell = (name) => {
            const top = document.getElementById("get_hit").getBoundingClientRect().top;
            const bar = document.querySelector(".tools").getBoundingClientRect().bottom;
            const section = document.getElementById("get_hit");
            document.documentElement.dataset[name] =
                `${location.hash} ${section.hidden ? "hidden" : "shown"} ${top >= bar - 1 ? "free" : "covered"}`;
        };
        setTimeout(() => {
            click("get_hit"); tell("kept");
            document.getElementById("view-filter").value = "iterate";
            document.getElementById("view-filter").form.dispatchEvent(new Event("input"));
            tell("filtered"); click("get_hit"); tell("found");
        }, 300);"##;
    let url = with_script(home.path(), "persistent_map.html", tell);
    let dom = visit(&chromium, home.path(), &format!("{url}#metric=blocks&filter=get")).dom;
    assert_eq!(data(&dom, "kept"), "#metric=blocks&amp;filter=get&amp;at=get_hit shown free");
    assert!(data(&dom, "filtered").starts_with("#metric=blocks&amp;filter=iterate hidden"));
    assert_eq!(data(&dom, "found"), "#metric=blocks&amp;at=get_hit shown free");
}

#[test]
fn the_filter_folds_away_what_is_said_of_parts() {
    let Some(chromium) = chromium() else { return };
    let (home, url) = report(&common::composed());
    let dom = visit(&chromium, home.path(), &format!("{url}/store.html#filter=program")).dom;
    let shown = dom.split("class=\"composed\"").skip(1).map(|block| &block[..block.find('>').unwrap()]);
    let shown: Vec<&str> = shown.filter(|tag| !tag.contains("hidden")).collect();
    assert_eq!(shown.len(), 2, "{shown:?}");
    assert!(shown.iter().all(|tag| tag.contains("data-scenario=\"program_")), "{shown:?}");
}

/// Widths of a phone, a tablet and a desk.
const WIDTHS: [u32; 3] = [390, 820, 1600];

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
  // What is not laid out cannot be too wide: lay out everything.
  for (const section of inner.querySelectorAll(".scenario")) section.style.contentVisibility = "visible";
  for (const details of inner.querySelectorAll("details")) details.open = true;
  const inScroller = (element) => element.closest(".scroll, .switch, .command, .sprite");
  const wide = [...inner.body.querySelectorAll("*")].filter((element) =>
    !inScroller(element) && element.getBoundingClientRect().right > root.clientWidth + 0.5);
  const tables = [...inner.querySelectorAll("section.scenario table.matrix")];
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
        (common::hostile(), "persistent_map.html", "5 5 5"),
        (common::hostile(), "persistent_vector.html", "10 10 10"),
        (common::composed(), "store.html", "7 7 7"),
    ] {
        let (home, _) = report(&record);
        let page = fs::read_to_string(home.path().join("report").join(name)).unwrap();
        let frames = home.path().join("frames.html");
        fs::write(&frames, framed(&page)).unwrap();
        let dom = visit(&chromium, home.path(), &format!("file://{}", frames.display())).dom;
        assert_eq!(data(&dom, "width"), "390 820 1600", "{name}");
        assert_eq!(data(&dom, "ready"), "yes yes yes", "{name}");
        assert_eq!(data(&dom, "overflow"), "0 0 0", "{name}");
        assert_eq!(data(&dom, "wide"), "none none none", "{name}");
        assert_eq!(data(&dom, "tables"), tables, "{name}");
    }
}
