"use strict";
// Everything can be read without this script. It adds: filters by word and by role, sorting, the
// highlight of one series, and a link for every such view. The whole view is in the address:
//   #metric=warm_ns&filter=get im&roles=optimized,peer&sort=1000&at=get_hit
(() => {
  const root = document.documentElement;
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  root.classList.add("js");

  const search = document.getElementById("view-filter");
  const ticks = all("input[name=role]");
  const radios = all("input[name=metric]");
  const sections = all("section.scenario");
  const shown = document.getElementById("view-shown");
  const nothing = document.querySelector(".nothing");
  let sorting = "";

  // --- sorting ---

  // "12.3 k×" is 12300, "<0.001×" is 0.001, "∞×" is infinite, "–" comes last.
  const SCALE = { k: 1e3, M: 1e6, G: 1e9 };
  function worth(cell) {
    const text = cell.dataset.value ?? cell.firstChild?.textContent ?? "";
    if (text.startsWith("∞")) return Infinity;
    const found = /^<?(-?[\d\s.]+)([kMG](?![a-z]))?/.exec(text);
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

  // All matrices of a page are sorted by the same size: one click ranks every scenario there.
  function sortMatrices() {
    const [size, order] = sorting.split(":");
    for (const table of all("table.matrix")) {
      const head = all("th.size", table).find((th) => th.dataset.size === size);
      if (!head) continue;
      const before = all("th.size", table).indexOf(head);
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

  for (const head of all("[data-sortable] thead th")) {
    if (head.closest(".matrix") && !head.dataset.size) continue;
    head.tabIndex = 0;
    head.title ||= "Sort";
  }
  document.addEventListener("click", (event) => {
    const head = event.target.closest("th[tabindex]");
    if (head && !event.target.closest("a")) sortBy(head);
  });
  document.addEventListener("keydown", (event) => {
    if ((event.key === "Enter" || event.key === " ") && event.target.matches("th[tabindex]")) {
      event.preventDefault();
      sortBy(event.target);
    }
  });

  // --- filters ---

  // A word that is the whole name of a contender shows that contender, and none whose name only begins with it; several
  // such words show each of them. Every other word must begin a word of the scenario's or of the contender's name.
  const known = new Set(all("section.scenario tr[data-contender]").map((row) => row.dataset.contender.toLowerCase()));
  function matcher() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const named = new Set(words.filter((word) => known.has(word)));
    const wanted = words.filter((word) => !known.has(word));
    const roles = new Set(ticks.filter((tick) => tick.checked).map((tick) => tick.value));
    return (scenario, contender, role) => {
      const names = [scenario, contender].map((name) => name.toLowerCase());
      const parts = [...names, ...names.flatMap((name) => name.split(/[^a-z0-9]+/))];
      return (
        roles.has(role) &&
        (named.size === 0 || named.has(names[1])) &&
        wanted.every((want) => parts.some((part) => part.startsWith(want)))
      );
    };
  }

  function filter() {
    if (!search) return;
    const matches = matcher();
    let rowCount = 0;
    let sectionCount = 0;
    for (const section of sections) {
      const scenario = section.dataset.scenario;
      const visible = new Map();
      for (const row of all("tr[data-contender]", section)) {
        row.hidden = !matches(scenario, row.dataset.contender, row.dataset.role);
        visible.set(row.dataset.series, !row.hidden);
      }
      for (const [series, show] of visible) {
        for (const mark of all(`.charts .s${series}, .legend [data-series="${series}"]`, section)) {
          mark.classList.toggle("off", !show);
        }
      }
      section.hidden = ![...visible.values()].includes(true);
      sectionCount += !section.hidden;
      rowCount += section.hidden ? 0 : [...visible.values()].filter(Boolean).length;
    }
    const open = new Set(sections.filter((section) => !section.hidden).map((section) => section.id));
    for (const row of all(".glance tr[data-scenario], .composed")) row.hidden = !open.has(row.dataset.scenario);
    const roles = new Set(ticks.filter((tick) => tick.checked).map((tick) => tick.value));
    for (const table of all(".glance")) {
      for (const head of all("th[data-role]", table)) {
        const hide = !roles.has(head.dataset.role);
        for (const row of table.rows) row.cells[head.cellIndex].hidden = hide;
      }
    }
    for (const row of all("#memory tr[data-role]")) row.hidden = !roles.has(row.dataset.role);
    const whole = sectionCount === sections.length;
    shown.textContent = whole ? "" : `${sectionCount} of ${sections.length} scenarios`;
    nothing.hidden = sectionCount > 0;
    root.dataset.sections = sectionCount;
    root.dataset.rows = rowCount;
  }

  // --- the view in the address ---

  function remember(at, replace = true) {
    const view = new URLSearchParams();
    const metric = radios.find((radio) => radio.checked);
    if (metric && !metric.defaultChecked) view.set("metric", metric.value);
    if (search?.value.trim()) view.set("filter", search.value.trim());
    if (ticks.some((tick) => !tick.checked)) {
      view.set("roles", ticks.filter((tick) => tick.checked).map((tick) => tick.value).join(","));
    }
    if (sorting) view.set("sort", sorting);
    const chosen = new URLSearchParams(location.hash.slice(1)).get("choose");
    if (chosen) view.set("choose", chosen);
    if (at) view.set("at", at);
    // A place alone is written as every page writes it.
    const address = "#" + (at && view.size === 1 ? at : view);
    try {
      if (replace) history.replaceState(null, "", address);
      else history.pushState(null, "", address);
    } catch {
      // An embedded copy has no address of its own.
    }
  }

  // Shows a place of the page. If the filter hides it, the filter goes.
  function show(id) {
    const place = document.getElementById(id);
    if (!place) return;
    if (place.closest("[hidden]") && search) {
      search.value = "";
      for (const tick of ticks) tick.checked = true;
      filter();
    }
    place.closest("details:not([open])")?.setAttribute("open", "");
    place.scrollIntoView();
  }

  function recall() {
    const hash = decodeURIComponent(location.hash.slice(1));
    if (!search) return;
    if (!hash.includes("=")) return show(hash);
    const view = new URLSearchParams(location.hash.slice(1));
    const metric = radios.find((radio) => radio.value === view.get("metric") && !radio.disabled);
    if (metric) {
      metric.checked = true;
      const strip = metric.closest(".switch");
      strip.scrollLeft = metric.parentElement.offsetLeft - strip.clientWidth / 3;
    }
    search.value = view.get("filter") ?? "";
    const roles = view.get("roles")?.split(",");
    for (const tick of ticks) tick.checked = !roles || roles.includes(tick.value);
    filter();
    sorting = view.get("sort") ?? "";
    if (sorting) sortMatrices();
    if (view.get("at")) show(view.get("at"));
  }

  // A link within the page leads to a place, and leaves the metric, the filter and the order as they are.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    if (!link || !search || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const id = decodeURIComponent(link.hash.slice(1));
    show(id);
    remember(id, false);
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

  search?.form.addEventListener("input", () => {
    filter();
    remember();
  });
  search?.form.addEventListener("submit", (event) => event.preventDefault());
  document.getElementById("view-reset")?.addEventListener("click", () => {
    search.value = "";
    for (const tick of ticks) tick.checked = true;
    filter();
    remember();
  });
  addEventListener("hashchange", recall);

  // --- one series at a time ---

  for (const section of sections) {
    section.addEventListener("pointerover", (event) => {
      const series = event.target.closest("[data-series]")?.dataset.series;
      section.classList.toggle("focus", series !== undefined);
      for (const mark of all(".charts .hot", section)) mark.classList.remove("hot");
      if (series === undefined) return;
      for (const mark of all(`.charts .s${series}`, section)) mark.classList.add("hot");
    });
    section.addEventListener("pointerleave", () => section.classList.remove("focus"));
  }

  filter();
  recall();
  root.dataset.ready = "yes";
})();
