"use strict";
// Compares any two contenders, from the numbers in the bottleneck's `.data.js`. It computes what reports/src/duel.rs computes,
// and a test compares the two. What is chosen is in the address: #im/imbl/warm_ns. Another page of the bottleneck may pass
// its view along: #metric=warm_ns&at=im/imbl.
(() => {
  const { bottleneck, contenders, scenarios, metrics } = MEASURED;
  const form = document.querySelector(".pair");
  const { left, right, metric } = form.elements;
  const TIE = 1.01;
  const THIN = "\u202f";

  // --- numbers as reports/src/render/format.rs writes them ---

  const grouped = (digits) => digits.replace(/\B(?=(\d{3})+$)/g, THIN);
  // What lies exactly between two is rounded to the even one, as there.
  function fixed(value, decimals) {
    const scaled = value * 10 ** decimals;
    const below = Math.floor(scaled);
    const isTie = scaled - below === 0.5 && (value * 8) % 1 === 0 && below % 2 === 0;
    return (isTie ? below / 10 ** decimals : value).toFixed(decimals);
  }
  function significant(value) {
    const decimals = value >= 99.95 ? 0 : value >= 9.995 ? 1 : value >= 0.9995 ? 2 : Math.min(2 - Math.floor(Math.log10(value)), 9);
    return decimals ? fixed(value, decimals) : grouped(fixed(value, 0));
  }
  function valueText(value) {
    if (value === 0) return "0";
    if (!Number.isFinite(value)) return "∞";
    if (value < 9999.5) return significant(value);
    const [unit, letter] = value < 999500 ? [1e3, "k"] : value < 999500000 ? [1e6, "M"] : [1e9, "G"];
    return significant(value / unit) + THIN + letter;
  }
  function ratioText(value) {
    if (value === 0) return "0×";
    if (value < 0.00095) return "<0.001×";
    if (value < 0.0995) return `${fixed(value, 3)}×`;
    if (value < 9.995) return `${fixed(value, 2)}×`;
    if (value < 99.95) return `${fixed(value, 1)}×`;
    return `${valueText(Math.round(value))}×`;
  }
  function sizeText(size) {
    for (const [unit, letter] of [[1e9, "G"], [1e6, "M"], [1e3, "k"]]) {
      if (size >= unit && size % (unit / 10) === 0) return `${size / unit}${THIN}${letter}`;
    }
    return grouped(String(size));
  }
  function tint(value) {
    const doublings = Math.log2(value);
    const bounds = [[-2, "b3"], [-1, "b2"], [-0.07, "b1"], [0.07, ""], [1, "w1"], [2, "w2"], [3.5, "w3"]];
    return (bounds.find(([bound]) => doublings < bound) ?? [0, "w4"])[1];
  }

  // --- the comparison ---

  // A value with what its ratio is taken from, and the interval of that.
  function read(text) {
    if (!text) return null;
    const [value, ratio, down, up] = text.split("~");
    const of = Number(ratio || value);
    return { value: Number(value), of, low: of * (1 - (down ?? 0) / 1e3), high: of * (1 + (up ?? 0) / 1e3), timed: down !== undefined };
  }

  function compare(values, one, other) {
    const groups = values.split(";");
    let at = 0;
    const meetings = [];
    for (const [scenario, sizes, page = `${bottleneck}.${scenario}.html`] of scenarios) {
      for (const size of sizes) {
        const cells = (groups[at++] ?? "").split(",");
        const [a, b] = [read(cells[one]), read(cells[other])];
        if (!a || !b || (a.timed && !(b.low > 0))) continue;
        const value = a.of === b.of ? 1 : a.of / b.of;
        const exact = { value, low: value, high: value };
        const ratio = a.timed && one !== other ? { value, low: a.low / b.high, high: a.high / b.low } : exact;
        meetings.push({ scenario, page, size, values: [a.value, b.value], ratio });
      }
    }
    return meetings;
  }

  const isNoise = ({ low, high }) => low !== high && low <= 1 && high >= 1;
  const isLess = ({ low, high }) => high * (low === high ? TIE : 1) < 1;
  const isMore = ({ low, high }) => low > (low === high ? TIE : 1);

  function mean(meetings) {
    const of = (bound) => {
      const values = meetings.map(({ ratio }) => ratio[bound]);
      if (!values.length || values.some((value) => !(value > 0 && Number.isFinite(value)))) return NaN;
      return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
    };
    const found = { value: of("value"), low: of("low"), high: of("high") };
    return Number.isNaN(found.value + found.low + found.high) ? null : found;
  }

  // --- the tables ---

  function element(name, text, className = "") {
    const made = document.createElement(name);
    made.textContent = text;
    if (className) made.className = className;
    return made;
  }
  function ratioCell(ratio) {
    if (!ratio) return element("td", "–");
    const noise = isNoise(ratio);
    return element("td", (noise ? "≈" : "") + ratioText(ratio.value), noise ? "" : tint(ratio.value));
  }
  function row(head, ...cells) {
    const made = document.createElement("tr");
    made.append(head, ...cells);
    return made;
  }

  function show() {
    const [one, other] = [left.selectedIndex, right.selectedIndex];
    for (const name of document.querySelectorAll("main .left")) name.textContent = contenders[one];
    for (const name of document.querySelectorAll("main .right")) name.textContent = contenders[other];
    const totals = [];
    for (const [, title, , values] of metrics) {
      const meetings = compare(values, one, other);
      if (!meetings.length) continue;
      const [less, more] = [isLess, isMore].map((is) => meetings.filter(({ ratio }) => is(ratio)).length);
      const counts = [less, meetings.length - less - more, more].map((count) => element("td", count));
      totals.push(row(element("th", title, "who"), ...counts, ratioCell(mean(meetings))));
    }
    document.querySelector(".totaled tbody").replaceChildren(...totals);

    const [key, title, unit, values] = metrics[metric.selectedIndex];
    const table = document.querySelector(".groups");
    table.dataset.metric = key;
    // The caption holds the button that saves the table.
    table.caption.firstChild.data = `${title}, ${unit} per operation`;
    let before = "";
    const rows = compare(values, one, other).map(({ scenario, page, size, values, ratio }) => {
      const head = element("th", "", "who");
      const link = element("a", scenario);
      link.href = page;
      head.append(scenario === before ? scenario : link);
      before = scenario;
      return row(head, element("td", sizeText(size)), ...values.map((value) => element("td", valueText(value))), ratioCell(ratio));
    });
    table.tBodies[0].replaceChildren(...rows);
    table.closest(".scroll").hidden = !rows.length;
    document.querySelector("#groups .none").hidden = rows.length > 0;
  }

  // --- what is chosen, in the address ---

  function recall() {
    const hash = location.hash.slice(1);
    const view = new URLSearchParams(hash.includes("=") ? hash : "");
    const decoded = (part) => {
      try {
        return decodeURIComponent(part);
      } catch {
        return part;
      }
    };
    const path = view.size ? (view.get("at") ?? "").split("/") : hash.split("/").map(decoded);
    const named = [left, right].map((select, at) => {
      const index = contenders.indexOf(path[at]);
      const shown = document.querySelector(`#totals h2 .${select.name}`).textContent;
      return index < 0 ? contenders.indexOf(shown) : index;
    });
    // Only one is named: it stands against the best of the others.
    if (named[0] === named[1] && path.length < 2) named[1] = contenders.indexOf(document.querySelector("#totals h2 .left").textContent);
    [left.selectedIndex, right.selectedIndex] = named;
    const key = path[2] ?? view.get("metric") ?? document.querySelector(".groups").dataset.metric;
    metric.selectedIndex = Math.max(metrics.findIndex(([known]) => known === key), 0);
    show();
  }

  form.addEventListener("input", () => {
    show();
    const address = [contenders[left.selectedIndex], contenders[right.selectedIndex], metric.value].map(encodeURIComponent);
    try {
      history.replaceState(null, "", `#${address.join("/")}`);
    } catch {
      // An embedded copy has no address of its own.
    }
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("hashchange", recall);
  recall();
})();
