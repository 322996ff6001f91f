"use strict";
// Everything can be read without this script. It adds: filters by word and by role, sorting, exact values under the pointer
// and from the keyboard, a linear axis, downloads, and a link for every such view. The whole view is in the address, and
// goes along to the next page:
//   #metric=warm_ns&filter=get im&roles=optimized,peer&sort=1000&scale=linear&at=1000/im
(() => {
  const root = document.documentElement;
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  root.classList.add("js");

  const search = document.getElementById("view-filter");
  const ticks = all("input[name=role]");
  const radios = all("input[name=metric]");
  const shown = document.getElementById("view-shown");
  const nothing = document.querySelector(".nothing");
  // A page is about one scenario, or it has a row for each of them.
  const scenario = document.querySelector(".sheet[data-scenario]");
  let sorting = "";
  let scale = "";

  // --- sorting ---

  // "12.3 k×" is 12300, "<0.001×" is 0.001, "≈1.02×" is 1.02, "∞×" is infinite, "–" comes last.
  const SCALE = { k: 1e3, M: 1e6, G: 1e9 };
  function worth(cell) {
    const text = cell.dataset.value ?? cell.firstChild?.textContent ?? "";
    if (text.startsWith("∞")) return Infinity;
    const found = /^[<≈]?(-?[\d\s.]+)([kMG](?![a-z]))?/.exec(text);
    return found ? Number(found[1].replace(/\s/g, "")) * (SCALE[found[2]] ?? 1) : NaN;
  }

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
  const people = all(scenario ? ".drawn .legend li" : ".roster [data-contender]").map((it) => ({
    contender: it.querySelector(".name").textContent,
    role: it.dataset.role,
    series: it.dataset.series,
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
      for (const mark of all(`.drawn .plot ${of}, .legend [data-series="${entry.series}"]`)) {
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
  const tools = document.querySelector(".tools");
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

  const SVG = "http://www.w3.org/2000/svg";
  const drawn = all(".drawn figure").map((figure) => ({ figure, plot: figure.querySelector(".plot") })).filter((it) => it.plot);

  // The points of a chart with the cells of the table that they stand for. A chart has a point for every number of its
  // metric's table: a column of the table is a place on its horizontal axis.
  function points({ figure, plot }) {
    const table = document.querySelector(`.values table[data-metric="${figure.dataset.metric}"]`);
    const heads = all("th[data-size]", table);
    const width = heads[0]?.colSpan ?? 1;
    const cell = (row, column) => row.cells[1 + column * width];
    const rows = all("tbody tr", table);
    const columns = heads.map((_, at) => at).filter((at) => rows.some((row) => !Number.isNaN(worth(cell(row, at)))));
    const uses = all("use", plot);
    const places = [...new Set(uses.map((use) => use.x.baseVal.value))].sort((a, b) => a - b);
    const row = new Map(rows.map((row) => [row.className, row]));
    return uses.map((mark) => {
      const [series, column] = [mark.closest("g[class]").getAttribute("class"), columns[places.indexOf(mark.x.baseVal.value)]];
      const of = row.get(series);
      return { mark, series, name: of.cells[0].textContent, size: heads[column].textContent, cell: cell(of, column) };
    });
  }

  const tip = document.createElement("div");
  tip.className = "tip";
  tip.setAttribute("role", "status");
  tip.hidden = true;
  function tell(chart, point) {
    for (const mark of all(".at-point", chart.plot)) mark.classList.remove("at-point");
    tip.hidden = !point;
    if (!point) return;
    point.mark.classList.add("at-point");
    const value = [...point.cell.childNodes].map((node) => node.textContent).join(" ");
    tip.textContent = `${point.name}, ${point.size}: ${value} ${chart.figure.querySelector("figcaption span").textContent.split(",")[0]}`;
    chart.figure.append(tip);
    const [frame, at] = [chart.figure.getBoundingClientRect(), point.mark.getBoundingClientRect()];
    const left = Math.min(Math.max(at.x + at.width / 2 - frame.x - tip.offsetWidth / 2, 0), frame.width - tip.offsetWidth);
    tip.style.left = `${left}px`;
    tip.style.top = `${at.y - frame.y - tip.offsetHeight - 8}px`;
  }

  for (const chart of drawn) {
    chart.points = points(chart);
    chart.plot.tabIndex = 0;
    const near = (event) => {
      const middle = ({ mark }) => {
        const at = mark.getBoundingClientRect();
        return Math.hypot(at.x + at.width / 2 - event.clientX, at.y + at.height / 2 - event.clientY);
      };
      const seen = chart.points.filter((point) => !point.mark.closest(".off"));
      const sorted = seen.map((point) => [middle(point), point]).sort(([a], [b]) => a - b);
      return sorted[0]?.[0] < 24 ? sorted[0][1] : null;
    };
    chart.plot.addEventListener("pointermove", (event) => tell(chart, near(event)));
    chart.plot.addEventListener("pointerleave", () => tell(chart, null));
    chart.plot.addEventListener("blur", () => tell(chart, null));
    // From the keyboard: left and right go along a line, up and down to the next line.
    chart.plot.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1, ArrowUp: 1, ArrowDown: -1 }[event.key];
      if (event.key === "Escape") tell(chart, null);
      if (!step) return;
      event.preventDefault();
      const seen = chart.points.filter((point) => !point.mark.closest(".off"));
      const now = seen.find((point) => point.mark.classList.contains("at-point"));
      if (!now) return tell(chart, seen[0]);
      const alike = event.key === "ArrowRight" || event.key === "ArrowLeft" ? "series" : "size";
      const line = seen.filter((point) => point[alike] === now[alike]);
      tell(chart, line[(line.indexOf(now) + step + line.length) % line.length]);
    });
  }

  // The same points on a linear axis that begins at zero. The drawing is the page's own; its lines and marks move.
  function linear({ plot, points }) {
    const box = plot.viewBox.baseVal;
    const [left, right, top, bottom] = [44, box.width - 10, 8, box.height - 22];
    const copy = plot.cloneNode(false);
    const most = Math.max(...points.map((point) => worth(point.cell)), Number.MIN_VALUE);
    const power = 10 ** Math.floor(Math.log10(most / 4));
    const step = [1, 2, 5, 10].map((it) => it * power).find((it) => most / it <= 6);
    const high = step * Math.ceil(most / step);
    const y = (value) => bottom - ((bottom - top) * value) / high;
    const add = (name, values, text = "", within = copy) => {
      const element = document.createElementNS(SVG, name);
      for (const [key, value] of Object.entries(values)) element.setAttribute(key, value);
      element.textContent = text;
      within.append(element);
      return element;
    };
    const labels = all("text", plot).filter((text) => Number(text.getAttribute("y")) > bottom);
    for (let tick = 0; tick * step <= high * 1.001; tick++) {
      const at = y(tick * step);
      add("path", { class: "g", d: `M${left} ${at}H${right}` });
      const [unit, letter] = step >= 1e6 ? [1e6, " M"] : step >= 1e3 ? [1e3, " k"] : [1, ""];
      add("text", { x: left - 6, y: at + 4, "text-anchor": "end" }, Number(((tick * step) / unit).toPrecision(4)) + letter);
    }
    add("path", { class: "a", d: `M${left} ${top}V${bottom}H${right}` });
    copy.append(...labels.map((label) => label.cloneNode(true)));
    for (const series of new Set(points.map((point) => point.series))) {
      const line = points.filter((point) => point.series === series);
      const at = line.map(({ mark, cell }) => `${mark.x.baseVal.value} ${y(worth(cell))}`);
      const group = add("g", { class: series });
      add("path", { d: "M" + at.join("L") }, "", group);
      for (const { mark, cell } of line) {
        add("use", { href: mark.getAttribute("href"), x: mark.x.baseVal.value, y: y(worth(cell)) }, "", group);
      }
    }
    return copy;
  }

  function rescale() {
    for (const chart of drawn) {
      const other = scale === "linear" ? (chart.linear ??= linear(chart)) : (chart.log ?? chart.plot);
      chart.log ??= chart.plot;
      if (other === chart.plot) continue;
      chart.log.hidden = other !== chart.log;
      chart.plot.replaceWith(other);
      chart.plot = other;
    }
    for (const button of all(".scale")) button.setAttribute("aria-pressed", scale === "linear");
    filter();
  }

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
  const DRAWN = ["fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-linejoin", "opacity", "font", "paint-order", "display"];
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
      const series = event.target.closest("[data-series]")?.dataset.series ?? /^s(\d+)$/.exec(event.target.closest("tr")?.className)?.[1];
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
