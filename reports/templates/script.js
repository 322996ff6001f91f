"use strict";
// Everything can be read without this script. It adds: filters by word and by role, sorting, exact values under the pointer
// and from the keyboard, a linear axis, downloads, and a link for every such view. The whole view is in the address, and
// goes along to the next page:
//   #metric=warm_ns&filter=get im&roles=optimized,peer&sort=1000&scale=linear&at=1000/im
(() => {
  const root = document.documentElement;
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  root.classList.add("js");

  // "12.3 k×" is 12300, "<0.001×" is 0.001, "≈1.02×" is 1.02, "∞×" is infinite, "–" comes last.
  const SCALE = { k: 1e3, M: 1e6, G: 1e9 };
  const worth = (cell) => number(cell.dataset.value ?? cell.firstChild?.textContent ?? "");
  function number(text) {
    if (text.startsWith("∞")) return Infinity;
    const found = /^[<≈]?(-?[\d\s.]+)([kMG](?![a-z]))?/.exec(text);
    return found ? Number(found[1].replace(/\s/g, "")) * (SCALE[found[2]] ?? 1) : NaN;
  }

  // What is shaded in the first table without a script is shaded by it in the others. The bounds are those of reports/src/render/tint.rs.
  const SHADES = [[-2, "b3"], [-1, "b2"], [-0.07, "b1"], [0.07, ""], [1, "w1"], [2, "w2"], [3.5, "w3"], [Infinity, "w4"]];
  const shade = (cell, ratio) => {
    const doublings = Math.log2(ratio);
    const shade = SHADES.find(([bound]) => doublings < bound)?.[1] ?? "w4";
    if (shade) cell.classList.add(shade);
  };
  const make = (name, values = {}, ...content) => {
    const element = Object.assign(document.createElement(name), values);
    element.append(...content);
    return element;
  };

  // --- tables that the page has as lines: reports/src/render/folded.rs ---

  const spaced = (text) => (text === "-" ? "–" : text.replace(/(\d) (?=[\dkMG%])/g, "$1\u202f").replaceAll(" - ", " – "));
  // "·12.3(12.1-12.4) noisy" is a marked value with its interval.
  function cell(text) {
    const [, mark, value, below, noisy] = /^(·?)(.*?)(?: ?\((.*)\))?( noisy)?$/.exec(text);
    const made = make("td", { className: mark && "best" }, spaced(value));
    if (below) made.append(make("i", {}, spaced(below).replace(/(?<=[\dkMG])-/, "–")));
    if (noisy) made.append(make("i", { className: "noisy", title: "Somebody else used the core while this was timed" }, "noisy"));
    return made;
  }
  const share = (cell) => {
    const part = parseFloat(cell.textContent) / 100;
    const shade = [[0.5, "b3"], [0.2, "b2"], [0.05, "b1"]].find(([least]) => part >= least) ?? [[-0.2, "w3"], [-0.05, "w2"], [-0.01, "w1"]].find(([most]) => part <= most);
    if (shade) cell.className = shade[1];
  };
  const kinds = {
    matrix(head, rows) {
      const heads = head.slice(1).map((text, at, all) => text !== "÷" && make("th", { colSpan: all[at + 1] === "÷" ? 2 : 1 }, spaced(`n = ${text}`)));
      const at = (text, column) => cell(text + (head[1 + column] === "÷" && text !== "-" ? "×" : ""));
      const made = rows.map(([name, ...cells]) => make("tr", {}, make("th", {}, name), ...cells.map(at)));
      return [make("thead", {}, make("tr", {}, make("th", {}, "Contender"), ...heads.filter(Boolean))), make("tbody", {}, ...made)];
    },
    glance(head, rows, model) {
      const made = rows.map(([name, ...cells]) => {
        const row = make("tr", {}, make("th", { className: "who" }, name), ...cells.map((text) => cell(text === "-" ? text : text + "×")));
        row.dataset.scenario = name;
        for (const cell of all("td", row)) if (/^[^≈].*×$/.test(cell.textContent)) shade(cell, number(cell.textContent));
        return row;
      });
      return [model.tHead.cloneNode(true), make("tbody", {}, ...made)];
    },
    saved(head, rows) {
      const sizes = head.flatMap((text) => /^(n = .*): alone$/.exec(text)?.[1] ?? []);
      const size = (text) => make("th", { className: "size", colSpan: 4, scope: "colgroup" }, spaced(text));
      const kinds = sizes.flatMap(() => ["alone", "last", "worth", "share"].map((text) => make("th", { className: text === "alone" ? "v" : "" }, text)));
      const above = make("tr", {}, make("th", { className: "who", rowSpan: 2 }, head[0]), ...sizes.map(size));
      const parts = rows.filter(([, text]) => !text.startsWith("costs ")).map(([name, ...texts]) => {
        const row = make("tr", {}, make("th", { className: "who" }, name), ...texts.map(cell));
        all("td:nth-of-type(4n)", row).forEach(share);
        return row;
      });
      const wholes = rows.filter(([, text]) => text.startsWith("costs ")).map(([name, ...texts]) =>
        make("tr", {}, make("th", { className: "who" }, make("span", { className: "name" }, name)), ...texts.map((text) => make("td", { colSpan: 2 }, spaced(text)))),
      );
      return [make("thead", {}, above, make("tr", {}, ...kinds)), make("tbody", {}, ...parts), make("tbody", { className: "wholes" }, ...wholes)];
    },
  };
  // The first table of a place is one in the page, and says of what kind the others are.
  for (const lines of all("pre[data-metric]")) {
    const model = lines.parentElement.querySelector("table.m");
    const [[caption], head, ...rows] = lines.textContent.split("\n").map((line) => line.split("\t"));
    // "a,", "b\t1" are two rows with the same cells.
    for (const [at, row] of [...rows.entries()].reverse()) if (row.length === 1) rows[at] = [row[0].slice(0, -1), ...rows[at + 1].slice(1)];
    const table = make("table", { className: model.className }, make("caption", {}, caption), ...kinds[model.classList[0]](head, rows, model));
    Object.assign(table.dataset, { ...model.dataset, metric: lines.dataset.metric });
    lines.replaceWith(table);
    if (lines.dataset.drawn === undefined) continue;
    // What is drawn of it comes below.
    const [, title, unit] = /^(.*?), (.*?)(?=:|, and ÷|$)/.exec(caption);
    const has = (is) => all("td", table).some(is);
    const zero = has((cell) => cell.textContent === "0") && "Zero has no logarithm, so it is drawn on the line marked 0.";
    const note = zero || (has((cell) => cell.querySelector("i")) && "The bars are 95 % confidence intervals, where they reach beyond the marks.");
    const figure = make("figure", { className: "m" }, make("figcaption", {}, `${title} `, make("span", {}, `${unit}, by size, both logarithmic`)));
    if (note) figure.append(make("p", { className: "note" }, note));
    figure.dataset.metric = lines.dataset.metric;
    document.querySelector(".drawn .legend").before(figure);
  }

  const radios = all(".switch input");
  // A page is about one scenario, or it has a row for each of them.
  const scenario = document.querySelector(".sheet[data-scenario]");
  // All tables of values have the same sizes and contenders, and the first one says which.
  const [first, ...others] = all(".values table");
  for (const table of others) {
    all("th[data-size]", first).forEach((head, at) => (table.tHead.rows[0].cells[1 + at].dataset.size = head.dataset.size));
    all("tbody tr", first).forEach((row, at) => (table.tBodies[0].rows[at].className = row.className));
  }

  // An entry of the legend has its role where the one before has another one.
  all(".legend li").reduce((role, entry) => (entry.dataset.role ??= role), "");

  // The shade of a value that has no ratio beside it is that of its ratio to the same as in the first table.
  const against = /÷ the (best peer|naive one)/.exec(first?.caption.textContent)?.[1].replace("best ", "").replace(" one", "");
  const referred = new Set(all(`.legend [data-role="${against}"]`).map((entry) => entry.className));
  const interval = (cell) => (cell.querySelector("i:not(.noisy)")?.textContent ?? "").split("–").map(number);
  for (const table of others) {
    const rows = all("tbody tr", table);
    if (table.caption.textContent.includes("÷")) {
      for (const cell of all("td:nth-child(2n + 3)", table)) {
        if (/^[^≈].*×$/.test(cell.textContent)) shade(cell, number(cell.textContent));
      }
      continue;
    }
    for (let column = 1; column < rows[0]?.cells.length; column++) {
      const known = rows.map((row) => [row, row.cells[column], worth(row.cells[column])]).filter(([, , value]) => !Number.isNaN(value));
      const [least] = known.filter(([row]) => referred.has(row.className)).sort(([, , a], [, , b]) => a - b);
      if (!least) continue;
      const [low, high] = interval(least[1]);
      for (const [, cell, value] of known) {
        const own = interval(cell);
        const isNoise = own.length === 2 && own[0] <= high && own[1] >= low;
        if (!isNoise && value !== least[2]) shade(cell, value / least[2]);
      }
    }
  }

  // --- the filter, which is of no use without a script ---

  const entries = all(scenario ? ".drawn .legend li" : ".roster [data-contender]");
  const tools = document.querySelector(".tools");
  if (tools) {
    const search = make("input", {
      type: "search",
      id: "view-filter",
      placeholder: scenario ? "Filter: im imbl" : "Filter: get im imbl",
      title: `A contender’s whole name shows that contender; other words must begin a word of ${scenario ? "its name" : "the scenario or contender"}`,
      ariaLabel: scenario ? "Filter by words of the contender’s name" : "Filter by words of scenario and contender",
      autocomplete: "off",
      spellcheck: false,
    });
    const roles = [...new Set(entries.map((entry) => entry.dataset.role))];
    const ticks = roles.map((role) =>
      make("label", { className: "tick" }, make("input", { type: "checkbox", name: "role", value: role, checked: true }), make("span", {}, role)),
    );
    const shown = make("output", { id: "view-shown", ariaLive: "polite" });
    tools.append(make("fieldset", { className: "filter" }, make("legend", {}, "Show"), search, ...ticks, shown));
    const everything = make("button", { type: "button", id: "view-reset" }, "Show everything");
    document.querySelector("main").append(make("p", { className: "nothing", hidden: true }, "Nothing matches the filter. ", everything));
  }
  const search = document.getElementById("view-filter");
  const ticks = all("input[name=role]");
  const shown = document.getElementById("view-shown");
  const nothing = document.querySelector(".nothing");
  let sorting = "";
  let scale = "";

  // --- sorting ---

  function sortTable(table, column, head, descending) {
    for (const body of table.tBodies) {
      const rows = [...body.rows].map((row) => [row, row.cells[column]]);
      const numeric = rows.some(([, cell]) => cell && !Number.isNaN(worth(cell)));
      rows.sort(([, left], [, right]) => {
        if (!left || !right) return !left - !right;
        const sign = descending ? -1 : 1;
        if (!numeric) return sign * left.textContent.localeCompare(right.textContent);
        const [a, b] = [worth(left), worth(right)];
        if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) - Number.isNaN(b);
        return a === b ? 0 : sign * (a < b ? -1 : 1);
      });
      body.append(...rows.map(([row]) => row));
    }
    for (const other of all("th[aria-sort]", table)) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", descending ? "descending" : "ascending");
  }

  // All matrices of a page are sorted by the same size.
  function sortMatrices() {
    const [size, order] = sorting.split(":");
    for (const table of all("table.matrix")) {
      const head = all("th[data-size]", table).find((th) => th.dataset.size === size);
      if (!head) continue;
      const before = all("th[data-size]", table).indexOf(head);
      sortTable(table, 1 + before * head.colSpan, head, order === "down");
    }
  }

  function sortBy(head) {
    const descending = head.getAttribute("aria-sort") === "ascending";
    if (head.dataset.size) {
      sorting = head.dataset.size + (descending ? ":down" : "");
      sortMatrices();
      remember();
    } else {
      sortTable(head.closest("table"), head.cellIndex, head, descending);
    }
  }

  // A heading that sorts holds a button, so that a keyboard reaches it and a screen reader says what it does.
  for (const head of all("[data-sortable] thead th")) {
    if ((head.closest(".matrix") && !head.dataset.size && head.closest("table").querySelector("[data-size]")) || head.querySelector("a")) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sort";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => sortBy(head));
  }

  // --- filters ---

  // A word that is the whole name of a contender shows that contender, and none whose name only begins with it; several
  // such words show each of them. Every other word must begin a word of the scenario's or of the contender's name.
  const people = entries.map((it) => ({
    contender: it.querySelector("a").textContent,
    role: it.dataset.role,
    series: it.className.slice(1),
  }));
  const known = new Set(people.map((it) => it.contender.toLowerCase()));
  function matcher() {
    const words = (search?.value ?? "").toLowerCase().split(/\s+/).filter(Boolean);
    const named = new Set(words.filter((word) => known.has(word)));
    const wanted = words.filter((word) => !known.has(word));
    const roles = new Set(ticks.filter((tick) => tick.checked).map((tick) => tick.value));
    return (place, contender, role) => {
      const names = [place, contender].map((name) => name.toLowerCase());
      const parts = [...names, ...names.flatMap((name) => name.split(/[^a-z0-9]+/))];
      return (
        roles.has(role) &&
        (named.size === 0 || named.has(names[1])) &&
        wanted.every((want) => parts.some((part) => part.startsWith(want)))
      );
    };
  }

  // The page of a scenario: rows, lines and the legend.
  function filterScenario(matches) {
    let rows = 0;
    for (const entry of people) {
      const show = matches(scenario.dataset.scenario, entry.contender, entry.role);
      rows += show;
      const of = `.s${entry.series}`;
      for (const row of all(`.values tr${of}, [data-observed] tr${of}`)) row.hidden = !show;
      for (const mark of all(`.drawn .plot ${of}, .legend ${of}`)) {
        mark.classList.toggle("off", !show);
      }
    }
    return [rows, people.length, "contenders"];
  }

  // The page of a bottleneck: a row for each scenario, a column for each contender.
  function filterBottleneck(matches) {
    const names = [...new Set(all("#glance tr[data-scenario]").map((row) => row.dataset.scenario))];
    const fits = (name) => people.some((entry) => matches(name, entry.contender, entry.role));
    const open = new Set(names.filter(fits));
    for (const row of all("main tr[data-scenario]")) row.hidden = !open.has(row.dataset.scenario);
    const columns = new Map(
      people.map((entry) => [entry.contender, names.some((name) => matches(name, entry.contender, entry.role))]),
    );
    for (const table of all("#glance table, #growth table")) {
      for (const head of all("th[data-contender]", table)) {
        const hide = !columns.get(head.dataset.contender);
        for (const row of table.rows) if (row.cells[head.cellIndex]) row.cells[head.cellIndex].hidden = hide;
      }
    }
    for (const row of all("main tr[data-contender]")) row.hidden = !columns.get(row.dataset.contender);
    root.dataset.rows = [...columns.values()].filter(Boolean).length;
    return [open.size, names.length, "scenarios"];
  }

  function filter() {
    if (!search) return;
    const [count, of, what] = (scenario ? filterScenario : filterBottleneck)(matcher());
    shown.textContent = count === of ? "" : `${count} of ${of} ${what}`;
    nothing.hidden = count > 0 || of === 0;
    root.dataset.shown = count;
  }

  // --- the view in the address ---

  function view(at) {
    const view = new URLSearchParams();
    const metric = radios.find((radio) => radio.checked);
    if (metric && !metric.defaultChecked) view.set("metric", metric.value);
    if (search?.value.trim()) view.set("filter", search.value.trim());
    if (ticks.some((tick) => !tick.checked)) {
      view.set("roles", ticks.filter((tick) => tick.checked).map((tick) => tick.value).join(","));
    }
    if (sorting) view.set("sort", sorting);
    if (scale) view.set("scale", scale);
    // What other scripts of the page keep in the address stays there.
    for (const [key, value] of new URLSearchParams(location.hash.includes("=") ? location.hash.slice(1) : "")) {
      if (!["metric", "filter", "roles", "sort", "scale", "at"].includes(key)) view.set(key, value);
    }
    if (at) view.set("at", at);
    return view;
  }

  function remember(at, replace = true) {
    const now = view(at);
    // A place alone is written as every page writes it.
    const address = "#" + (at && now.size === 1 ? at : now);
    try {
      if (replace) history.replaceState(null, "", address);
      else history.pushState(null, "", address);
    } catch {
      // An embedded copy has no address of its own.
    }
  }

  // Shows a place of the page. If the filter hides it, the filter goes; if another metric does, its own is chosen.
  function show(id) {
    const place = id && document.getElementById(id);
    if (!place) return;
    if (place.closest("[hidden]") && search) {
      search.value = "";
      for (const tick of ticks) tick.checked = true;
      filter();
    }
    const metric = place.closest("table[data-metric]")?.dataset.metric;
    const radio = place.offsetParent ? null : radios.find((radio) => radio.value === metric);
    if (radio) radio.checked = true;
    place.closest("details:not([open])")?.setAttribute("open", "");
    for (const other of all(".here")) other.classList.remove("here");
    if (place.matches("td")) place.classList.add("here");
    place.scrollIntoView(place.matches("td") ? { block: "center", inline: "center" } : {});
  }

  function recall() {
    const hash = location.hash.slice(1);
    if (!hash.includes("=")) return show(decodeURIComponent(hash));
    const view = new URLSearchParams(hash);
    const metric = radios.find((radio) => radio.value === view.get("metric"));
    if (metric) {
      metric.checked = true;
      const strip = metric.closest(".switch");
      strip.scrollLeft = metric.parentElement.offsetLeft - strip.clientWidth / 3;
    }
    if (search) {
      search.value = view.get("filter") ?? "";
      const roles = view.get("roles")?.split(",");
      for (const tick of ticks) tick.checked = !roles || roles.includes(tick.value);
      filter();
    }
    sorting = view.get("sort") ?? "";
    if (sorting) sortMatrices();
    scale = view.get("scale") === "linear" ? "linear" : "";
    rescale();
    show(view.get("at"));
  }

  // A link to a place or to another page of the bottleneck leaves the metric, the filter and the order as they are.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    const [file, id] = link.getAttribute("href").split("#");
    if (!file) {
      event.preventDefault();
      const at = decodeURIComponent(id);
      show(at);
      remember(at, false);
    } else if (/^[\w.-]+\.html$/.test(file) && file !== "index.html" && radios.length) {
      const next = view(id && decodeURIComponent(id));
      if (next.size > (id ? 1 : 0)) link.href = `${file}#${next}`;
    }
  });

  // What the toolbar covers is no place to scroll a heading to.
  if (tools && "ResizeObserver" in window) {
    const covered = () => {
      const bars = [tools, ...tools.children].filter((bar) => getComputedStyle(bar).position === "sticky");
      const height = Math.max(0, ...bars.map((bar) => bar.offsetHeight));
      root.style.setProperty("scroll-padding-top", `${height + 12}px`);
    };
    for (const bar of [tools, ...tools.children]) new ResizeObserver(covered).observe(bar);
  }

  tools?.addEventListener("input", () => {
    filter();
    remember();
  });
  tools?.addEventListener("submit", (event) => event.preventDefault());
  document.getElementById("view-reset")?.addEventListener("click", () => {
    search.value = "";
    for (const tick of ticks) tick.checked = true;
    filter();
    remember();
  });
  addEventListener("hashchange", recall);

  // --- charts ---

  const tip = document.createElement("div");
  tip.className = "tip";
  tip.setAttribute("role", "status");
  tip.hidden = true;
  const SVG = "http://www.w3.org/2000/svg";
  const [LEFT, RIGHT, TOP, BOTTOM] = [44, 390, 8, 228];
  // The page draws one metric. Its labels of sizes say where a size is in every chart.
  const frame = document.querySelector(".drawn .plot");
  const places = new Map(all(".c", frame ?? tip).map((label) => [label.textContent, Number(label.getAttribute("x"))]));

  // What the style marks on a line becomes elements, which the pointer and the filter find.
  for (const marker of all(".sprite marker")) {
    marker.firstElementChild.id = marker.id.replace("m", "k");
    marker.replaceWith(marker.firstElementChild);
  }
  for (const line of all(".drawn .plot > path[class^=s]")) {
    const series = line.getAttribute("class");
    const group = document.createElementNS(SVG, "g");
    group.setAttribute("class", series);
    line.removeAttribute("class");
    line.replaceWith(group);
    group.append(line);
    let [x, y] = [0, 0];
    for (const [, way, to, down] of line.getAttribute("d").matchAll(/([MLHV])(-?\d+)(?: (-?\d+))?/g)) {
      [x, y] = way === "V" ? [x, to] : [to, down ?? y];
      const mark = document.createElementNS(SVG, "use");
      for (const [key, value] of Object.entries({ href: `#k${series.slice(1)}`, x, y })) mark.setAttribute(key, value);
      group.append(mark);
    }
  }

  // What a chart shows: each number of its metric's table.
  function points(figure) {
    const table = document.querySelector(`.values table[data-metric="${figure.dataset.metric}"]`);
    const heads = all("th[data-size]", table);
    const at = (row, head, column) => ({
      series: row.className,
      name: row.cells[0].textContent,
      size: head.textContent,
      x: places.get(head.textContent.replace("n = ", "")),
      cell: row.cells[1 + column * head.colSpan],
    });
    const cells = all("tbody tr", table).flatMap((row) => heads.map((head, column) => at(row, head, column)));
    const seen = cells.map((point) => ({ ...point, value: worth(point.cell) }));
    return seen.filter((point) => point.x !== undefined && Number.isFinite(point.value));
  }

  // Round numbers within a range, as reports/src/render/axis.rs chooses them.
  function roundNumbers(low, high) {
    const ladder = (steps) => {
      const numbers = [];
      for (let decade = Math.floor(Math.log10(low)); decade <= Math.ceil(Math.log10(high)); decade++) {
        numbers.push(...steps.map((step) => Number(`${step}e${decade}`)));
      }
      return numbers.filter((number) => low <= number && number <= high);
    };
    const tens = ladder([1]);
    if (tens.length >= 3) return tens.filter((_, at) => at % Math.ceil(tens.length / 6) === 0);
    const finer = [[1, 2, 5], [1, 3], [1, 1.2, 1.4, 1.6, 1.8, 2, 2.5, 3, 4, 5, 6, 7, 8, 9]].map(ladder);
    return finer.find((numbers) => numbers.length >= 3 && numbers.length <= 6) ?? tens;
  }

  // A vertical axis: its labelled values, and where a value is. Zero has a place below all others on a logarithmic one.
  function axis(values, linear) {
    const most = Math.max(...values, Number.MIN_VALUE);
    if (linear) {
      const power = 10 ** Math.floor(Math.log10(most / 4));
      const step = [1, 2, 5, 10].map((it) => it * power).find((it) => most / it <= 6);
      const count = Math.ceil(most / step);
      const ticks = Array.from({ length: count + 1 }, (_, at) => at * step);
      return { ticks, y: (value) => BOTTOM - ((BOTTOM - TOP) * value) / (count * step) };
    }
    const least = Math.min(...values.filter((value) => value > 0));
    const ticks = roundNumbers(least / 1.25, most * 1.25);
    const hasZero = values.includes(0);
    const zero = least / Math.max((most / least) ** 0.2, 3);
    const low = (hasZero ? zero : least) / 1.25;
    const scaled = (value) => Math.log((value || zero) / low) / Math.log((most * 1.25) / low);
    return { ticks: hasZero ? [0, ...ticks] : ticks, y: (value) => BOTTOM - (BOTTOM - TOP) * scaled(value) };
  }

  function tick(value) {
    const [unit, letter] = [[1e9, " G"], [1e6, " M"], [1e3, " k"]].find(([unit]) => value >= unit) ?? [1, ""];
    return Number((value / unit).toPrecision(4)) + letter;
  }

  // The chart of a metric, like those that the page draws.
  function draw({ figure, points }, linear) {
    const add = (within, name, values, text = "") => {
      const element = document.createElementNS(SVG, name);
      for (const [key, value] of Object.entries(values)) element.setAttribute(key, value);
      element.textContent = text;
      within.append(element);
      return element;
    };
    const label = `${scenario.dataset.scenario}: ${figure.querySelector("figcaption span").textContent}`;
    const plot = document.createElementNS(SVG, "svg");
    for (const [key, value] of Object.entries({ class: "plot", viewBox: "0 0 400 250", role: "img", "aria-label": label })) plot.setAttribute(key, value);
    const ends = points.map(({ cell }) => (cell.querySelector("i:not(.noisy)")?.textContent ?? "").split("–").map(number).filter((end) => end > 0));
    const { ticks, y } = axis([...points.map((point) => point.value), ...ends.flat()], linear);
    const grid = ticks.map((value) => `M${LEFT} ${Math.round(y(value))}H${RIGHT}`);
    if (!linear) grid.push(...[...places.values()].map((x) => `M${x} ${BOTTOM}V${TOP}`));
    add(plot, "path", { class: "g", d: grid.join("") });
    add(plot, "path", { class: "a", d: `M${LEFT} ${TOP}V${BOTTOM}H${RIGHT}` });
    for (const value of ticks) add(plot, "text", { x: LEFT - 6, y: y(value) + 4 }, tick(value));
    for (const [text, x] of places) add(plot, "text", { class: "c", x, y: BOTTOM + 14 }, text);
    // The first contender lies on top.
    for (const series of [...new Set(points.map((point) => point.series))].reverse()) {
      const group = add(plot, "g", { class: series });
      let [path, begins] = ["", true];
      const marks = [];
      points.forEach(({ x, value, series: of }, at) => {
        if (of !== series) return;
        marks.push([x, y(value)]);
        // No slope leads to zero on a logarithmic axis.
        const leaves = !linear && value === 0;
        if (!leaves) path += `${begins ? "M" : "L"}${x} ${y(value)}`;
        begins = leaves;
        // The marker covers what is shorter than itself.
        const reach = ends[at].map(y);
        if (reach.length === 2 && reach.some((end) => Math.abs(end - y(value)) > 3)) {
          path += `M${x} ${reach[0]}V${reach[1]}`;
          begins = leaves;
          if (!leaves) path += `M${x} ${y(value)}`;
        }
      });
      if (path) add(group, "path", { d: path });
      for (const [x, at] of marks) add(group, "use", { href: `#k${series.slice(1)}`, x, y: at });
    }
    return plot;
  }

  // The marks of a drawing, by the points that they stand for.
  function marks({ points }, plot) {
    const found = new Map();
    for (const series of new Set(points.map((point) => point.series))) {
      const uses = all(`.${series} use`, plot);
      points.filter((point) => point.series === series).forEach((point, at) => found.set(point, uses[at]));
    }
    return found;
  }

  const drawn = frame ? all(".drawn figure").map((figure) => ({ figure, points: points(figure), drawings: {} })) : [];

  function tell(chart, point) {
    for (const mark of all(".at-point", chart.plot)) mark.classList.remove("at-point");
    tip.hidden = !point;
    if (!point) return;
    const mark = chart.marks.get(point);
    mark.classList.add("at-point");
    const value = [...point.cell.childNodes].map((node) => node.textContent).join(" ");
    tip.textContent = `${point.name}, ${point.size}: ${value} ${chart.figure.querySelector("figcaption span").textContent.split(",")[0]}`;
    chart.figure.append(tip);
    const [frame, at] = [chart.figure.getBoundingClientRect(), mark.getBoundingClientRect()];
    const left = Math.min(Math.max(at.x + at.width / 2 - frame.x - tip.offsetWidth / 2, 0), frame.width - tip.offsetWidth);
    tip.style.left = `${left}px`;
    tip.style.top = `${at.y - frame.y - tip.offsetHeight - 8}px`;
  }

  // Lets a drawing tell its values.
  function attend(chart, plot) {
    plot.tabIndex = 0;
    const seen = () => chart.points.filter((point) => !chart.marks.get(point).closest(".off"));
    const near = (event) => {
      const middle = (point) => {
        const at = chart.marks.get(point).getBoundingClientRect();
        return Math.hypot(at.x + at.width / 2 - event.clientX, at.y + at.height / 2 - event.clientY);
      };
      const sorted = seen().map((point) => [middle(point), point]).sort(([a], [b]) => a - b);
      return sorted[0]?.[0] < 24 ? sorted[0][1] : null;
    };
    plot.addEventListener("pointermove", (event) => tell(chart, near(event)));
    plot.addEventListener("pointerleave", () => tell(chart, null));
    plot.addEventListener("blur", () => tell(chart, null));
    // From the keyboard: left and right go along a line, up and down to the next line.
    plot.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1, ArrowUp: 1, ArrowDown: -1 }[event.key];
      if (event.key === "Escape") tell(chart, null);
      if (!step) return;
      event.preventDefault();
      const points = seen();
      const now = points.find((point) => chart.marks.get(point).classList.contains("at-point"));
      if (!now) return tell(chart, points[0]);
      const alike = event.key === "ArrowRight" || event.key === "ArrowLeft" ? "series" : "size";
      const line = points.filter((point) => point[alike] === now[alike]);
      tell(chart, line[(line.indexOf(now) + step + line.length) % line.length]);
    });
  }

  // Shows each chart on the axis that is chosen. The page's own drawing is the logarithmic one.
  function rescale() {
    for (const chart of drawn) {
      const shown = chart.figure.querySelector(".plot");
      const name = scale || "log";
      if (!chart.drawings[name]) {
        const plot = name === "log" && shown ? shown : draw(chart, name === "linear");
        attend(chart, plot);
        chart.drawings[name] = plot;
      }
      chart.plot = chart.drawings[name];
      chart.marks = marks(chart, chart.plot);
      if (shown === chart.plot) continue;
      tell(chart, null);
      if (shown) shown.replaceWith(chart.plot);
      else chart.figure.querySelector("figcaption").after(chart.plot);
    }
    for (const button of all(".scale")) button.setAttribute("aria-pressed", scale === "linear");
    filter();
  }
  rescale();

  // --- downloads ---

  function save(name, type, text) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }
  const file = (...parts) => {
    const page = decodeURIComponent(location.pathname.split("/").pop() || "report").replace(/\.html$/, "");
    return [page, ...parts].filter(Boolean).join(".").replace(/[^\w.-]+/g, "_");
  };

  // A cell that spans several columns or rows stands in the first of them.
  function csv(table) {
    const quote = (text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
    const text = (cell) => [...cell.childNodes].map((node) => node.textContent.trim()).filter(Boolean).join(" ");
    const rows = [...table.rows].filter((row) => !row.hidden);
    const held = [];
    const lines = rows.map((row, at) => {
      const line = (held[at] ??= []);
      let column = 0;
      for (const cell of row.cells) {
        while (line[column] !== undefined) column++;
        for (let down = 0; down < cell.rowSpan; down++) {
          for (let side = 0; side < cell.colSpan; side++) (held[at + down] ??= [])[column + side] = down || side ? "" : text(cell);
        }
      }
      return [...line].map((value) => quote(value ?? "")).join(",");
    });
    return lines.join("\n") + "\n";
  }

  // The drawing with the style that the page gives it, so that it looks alike anywhere.
  const DRAWN = ["fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-linejoin", "stroke-linecap", "opacity", "font", "text-anchor", "paint-order", "display"];
  function standalone(plot) {
    const copy = plot.cloneNode(true);
    const styled = all("*", plot);
    all("*", copy).forEach((element, at) => {
      const style = getComputedStyle(styled[at]);
      for (const name of DRAWN) element.style.setProperty(name, style.getPropertyValue(name));
    });
    const marks = new Set(all("use", copy).map((use) => use.getAttribute("href")));
    const defs = document.createElementNS(SVG, "defs");
    for (const mark of marks) defs.append(document.querySelector(mark).cloneNode(true));
    copy.prepend(defs);
    copy.setAttribute("xmlns", SVG);
    copy.setAttribute("width", plot.viewBox.baseVal.width * 2);
    copy.setAttribute("style", `background:${getComputedStyle(document.body).backgroundColor}`);
    return new XMLSerializer().serializeToString(copy);
  }

  function button(text, label, action) {
    const made = document.createElement("button");
    made.type = "button";
    made.className = "save";
    made.textContent = text;
    made.setAttribute("aria-label", label);
    made.addEventListener("click", action);
    return made;
  }
  for (const table of all(".scroll > table")) {
    const title = table.caption?.textContent ?? table.parentElement.getAttribute("aria-label") ?? "table";
    const name = file(table.dataset.metric ?? table.closest("[id]")?.id, "csv");
    const caption = table.caption ?? table.createCaption();
    if (!caption.textContent) caption.textContent = title;
    caption.append(button("CSV", `Save as CSV: ${title}`, () => save(name, "text/csv", csv(table))));
  }
  for (const figure of all("figure:has(.plot)")) {
    const caption = figure.querySelector("figcaption");
    const title = caption.textContent;
    if (figure.closest(".drawn")) {
      const linear = button("linear", "Linear axis", () => {
        scale = scale ? "" : "linear";
        rescale();
        remember();
      });
      linear.classList.add("scale");
      linear.setAttribute("aria-pressed", "false");
      caption.append(linear);
    }
    const name = file(figure.dataset.metric ?? "chart", "svg");
    caption.append(button("SVG", `Save as SVG: ${title}`, () => save(name, "image/svg+xml", standalone(figure.querySelector(".plot")))));
  }

  // --- one series at a time ---

  const charts = document.querySelector(".drawn");
  if (charts) {
    const focus = (event) => {
      const series = /^s(\d+)/.exec(event.target.closest("li, tr")?.className)?.[1];
      charts.classList.toggle("focus", series !== undefined);
      for (const mark of all(".hot", charts)) mark.classList.remove("hot");
      if (series !== undefined) for (const mark of all(`.plot .s${series}`, charts)) mark.classList.add("hot");
    };
    for (const list of all(".legend, .values")) {
      list.addEventListener("pointerover", focus);
      list.addEventListener("pointerleave", () => charts.classList.remove("focus"));
    }
  }

  filter();
  recall();
  root.dataset.ready = "yes";
})();
