"use strict";
// The form that predicts what a reader's own mix of operations costs. It computes what reports/src/choose.rs computes, and
// a test compares the two. Its state is in the address, beside what the page's script keeps there:
//   #choose=key:string,size:10000,versions:100,get:80,insert:15,remove:5
(() => {
  const section = document.getElementById("choose");
  const form = document.getElementById("choose-form");
  const model = JSON.parse(document.getElementById("choose-data").textContent);
  const { keys, words, pairs, parts } = model.choice;
  const FURTHEST = 10;

  // --- the model ---

  function at(curve, size) {
    const last = curve.length - 1;
    if (last <= 0) return last < 0 ? 0 : curve[0][1];
    const beyond = curve.findIndex(([known]) => known >= size);
    const upper = Math.min(Math.max(beyond < 0 ? last : beyond, 1), last);
    const [[left, low], [right, high]] = [curve[upper - 1], curve[upper]];
    if (low <= 0 || high <= 0) return low + ((high - low) * (size - left)) / (right - left);
    return low * Math.pow(high / low, Math.log(size / left) / Math.log(right / left));
  }

  const sum = (curves, size) => curves.reduce((total, curve) => total + at(curve, size), 0);

  function falling(left, known, every) {
    if (every > known) return left * Math.pow(every / known, Math.log(left) / Math.log(known));
    const first = (1 - left) / (1 - 1 / known);
    return first / every + 1 - first;
  }

  function costOfPart(cost, part, size, every) {
    const alone = sum(cost.unshared, size) * (part.visits_all ? size : 1);
    if (!every || !part.changes) return alone;
    const share = cost.left.length ? falling(at(cost.left, size), model.choice.every, every) : 1 / every;
    return alone + (sum(cost.kept, size) - alone) * share;
  }

  // What the words of a mix come to, so that the size stays the same: how many of each part an operation has.
  function partsOf(shares) {
    const whole = words.reduce((total, word) => total + shares[word.name], 0);
    if (!whole) throw new Error("Give at least one operation a share.");
    const left = Object.fromEntries(words.map(({ name }) => [name, shares[name] / whole]));
    const counts = {};
    const add = (part, count) => (counts[part] = (counts[part] ?? 0) + count);
    for (const { words: [first, second], part } of pairs) {
      const both = Math.min(left[first], left[second]);
      left[first] -= both;
      left[second] -= both;
      add(part, both);
    }
    for (const { name, part } of words) {
      if (left[name] < 1e-9) continue;
      if (!part) {
        const other = pairs.flatMap((pair) => pair.words).find((word) => word !== name);
        throw new Error(`There is more of ${name} than of ${other}: the size would not stay the same.`);
      }
      add(part, left[name]);
    }
    return counts;
  }

  // The cost of a mix with a contender in instructions per operation, or the reason why it cannot be predicted.
  function costOf(costs, counts, state, every) {
    let total = 0;
    const key = keys.findIndex(({ name }) => name === state.key);
    for (const [index, part] of parts.entries()) {
      const count = counts[part.name] ?? 0;
      if (!count) continue;
      const cost = costs.keys[key][index];
      if (!cost.unshared.length) return "not measured";
      const isKept = every && part.changes;
      if (isKept && !cost.kept.length) return "keeps no versions";
      const curves = [...cost.unshared, ...(isKept ? cost.kept : [])];
      const least = Math.max(...curves.map((curve) => curve[0][0])) / FURTHEST;
      const most = Math.min(...curves.map((curve) => curve[curve.length - 1][0])) * FURTHEST;
      if (state.size < least || state.size > most) return "the size is too far from the measured ones";
      total += count * costOfPart(cost, part, state.size, every);
    }
    return total;
  }

  function predict(state) {
    const counts = partsOf(state);
    const changes = parts.reduce((total, part) => total + (counts[part.name] ?? 0) * (part.changes ?? 0), 0);
    const versions = Math.min(state.versions, changes * 1000);
    const every = versions > 0 && changes > 0 ? Math.max((changes * 1000) / versions, 1) : 0;
    const all = model.contenders.map((costs) => ({ ...costs, cost: costOf(costs, counts, state, every) }));
    const ranked = all.filter(({ cost }) => typeof cost === "number");
    ranked.sort((left, right) => left.cost - right.cost || (left.name < right.name ? -1 : 1));
    const error = 1 + (model.error ?? 0);
    for (const row of ranked) row.isTie = row !== ranked[0] && row.cost / error <= ranked[0].cost * error;
    return { ranked, unknown: all.filter(({ cost }) => typeof cost !== "number"), error, versions, changes };
  }

  // --- the form ---

  const inputs = [...form.querySelectorAll("input[type=range]")];
  // A slider of sizes or versions moves along a list of values.
  const SERIES = [1, 2, 5].flatMap((digit) => [0, 1, 2, 3, 4, 5, 6].map((zeros) => digit * 10 ** zeros));
  SERIES.sort((left, right) => left - right);
  const sizes = SERIES.filter((size) => size >= Number(form.dataset.least) && size <= Number(form.dataset.most));
  const VERSIONS = [0, ...SERIES.filter((versions) => versions <= 1000)];
  const listed = { size: sizes, versions: VERSIONS };
  for (const [name, values] of Object.entries(listed)) form.elements[name].max = values.length - 1;

  const initial = Object.fromEntries(
    form.dataset.state.split(",").map((item) => item.split(":")).map(([name, text]) => [name, name === "key" ? text : Number(text)]),
  );
  let state = { ...initial };

  function short(value) {
    const digits = value < 10 ? 2 : value < 100 ? 1 : 0;
    return value.toFixed(digits).replace(/\B(?=(\d{3})+(?!\d))/g, value < 1000 ? "" : " ");
  }

  function place() {
    for (const radio of form.elements.key.length ? form.elements.key : [form.elements.key]) radio.checked = radio.value === state.key;
    for (const input of inputs) {
      const values = listed[input.name];
      const value = state[input.name];
      const nearest = (best, other, index) => (Math.abs(other - value) < Math.abs(values[best] - value) ? index : best);
      input.value = values ? values.reduce(nearest, 0) : value;
      const text = short(value).replace(/\.0+$/, "");
      input.setAttribute("aria-valuetext", text);
      input.nextElementSibling.value = text;
    }
  }

  function cell(row, text, name = "td") {
    const made = document.createElement(name);
    made.textContent = text;
    row.append(made);
    return made;
  }

  function show() {
    place();
    const body = section.querySelector(".chosen tbody");
    const said = document.getElementById("choose-said");
    body.replaceChildren();
    let found;
    try {
      found = predict(state);
    } catch (problem) {
      said.value = problem.message;
      return;
    }
    const { ranked, unknown, error, versions } = found;
    for (const { name, cost, isTie } of ranked) {
      const row = body.insertRow();
      row.dataset.contender = name;
      row.dataset.cost = cost;
      row.dataset.tie = isTie;
      const head = cell(row, "", "th");
      head.scope = "row";
      head.className = "who";
      cell(head, name, "span").className = "name";
      cell(row, short(cost));
      cell(row, error > 1 ? `${short(cost / error)}–${short(cost * error)}` : "–");
      cell(row, `${(cost / ranked[0].cost).toFixed(2)}×${isTie ? " =" : ""}`);
    }
    for (const { name, cost } of unknown) {
      const row = body.insertRow();
      cell(row, name, "th").scope = "row";
      cell(row, cost).colSpan = 3;
    }
    const [first, second] = ranked;
    const ties = ranked.filter((row) => row.isTie).map((row) => row.name);
    const margin = second && `${((second.cost / first.cost - 1) * 100).toFixed(1)} %`;
    const sentences = [];
    if (!first) sentences.push("Nothing can be predicted for this mix.");
    else if (!second) sentences.push(`${first.name} is the only one that can be predicted.`);
    else sentences.push(`${first.name} takes least; ${second.name} takes ${margin} more.`);
    if (ties.length) sentences.push(`Within the error, as good: ${ties.join(", ")}.`);
    if (versions < state.versions) sentences.push(`There is no more than one version for each change, so ${short(versions)} are kept.`);
    said.value = sentences.join(" ");
  }

  // --- the state in the address ---

  function address() {
    const hash = location.hash.slice(1);
    return hash.includes("=") ? new URLSearchParams(hash) : new URLSearchParams(hash && { at: decodeURIComponent(hash) });
  }

  function remember() {
    const view = address();
    view.set("choose", Object.entries(state).map(([name, value]) => `${name}:${value}`).join(","));
    try {
      history.replaceState(null, "", `#${view}`);
    } catch {
      // An embedded copy has no address of its own.
    }
  }

  function recall() {
    const items = (address().get("choose") ?? "").split(",").map((item) => item.split(":"));
    if (items[0].length < 2) return show();
    const blank = Object.fromEntries(words.map(({ name }) => [name, 0]));
    state = { ...initial, versions: 0, ...blank };
    for (const [name, text] of items) {
      const number = Number(text);
      if (name === "key" && keys.some((key) => key.name === text)) state.key = text;
      else if (name !== "key" && name in state && Number.isFinite(number) && number >= 0) state[name] = number;
    }
    show();
  }

  form.addEventListener("input", ({ target }) => {
    const values = listed[target.name];
    state[target.name] = target.type === "radio" ? target.value : values ? values[target.value] : Number(target.value);
    // Two operations that are nothing without each other move together.
    const isAlone = (name) => !words.find((word) => word.name === name).part;
    const pair = pairs.find((pair) => pair.words.includes(target.name) && pair.words.every(isAlone));
    for (const name of pair?.words ?? []) state[name] = state[target.name];
    show();
    remember();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("hashchange", recall);
  recall();
})();
