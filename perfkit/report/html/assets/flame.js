// The differential flame graph: one merged tree, both sides' times; drawn on a canvas as large as what is seen.
"use strict";
(() => {
  const source = document.getElementById("flame-data");
  if (!source) return;
  const data = JSON.parse(source.textContent);
  const find = (name) => document.getElementById(`flame-${name}`);
  const [canvas, scroll, space, tip] = ["canvas", "scroll", "space", "tip"].map(find);
  const pen = canvas.getContext("2d");
  const ROW = 19, LEAST = 0.5, TEXT_FROM = 26, ALL = 0;
  const NAME = 0, PLACE = 1, KIND = 2, HOW = 3;
  const FOLDS = 3; // of two: eight times more or less has the full colour
  const SURE = 1.96; // standard deviations, for 95 %

  // ---------------------------------------------------------------- the tree; node 0 is all stacks

  const count = data.frame.length + 1;
  const parent = new Int32Array(count), frame = new Int32Array(count);
  const own = [new Float64Array(count), new Float64Array(count)];
  const total = [new Float64Array(count), new Float64Array(count)];
  const vanished = new Float64Array(count);
  parent[ALL] = frame[ALL] = -1;
  for (let node = 1; node < count; node += 1) {
    parent[node] = data.parent[node - 1] + 1;
    frame[node] = data.frame[node - 1];
    for (const side of [0, 1]) {
      own[side][node] = data.own[side][node - 1];
      total[side][node] = data.total[side][node - 1];
      if (parent[node] === ALL) total[side][ALL] += total[side][node];
    }
  }
  const isNew = (node) => total[0][node] === 0 && total[1][node] > 0;
  const isGone = (node) => total[1][node] === 0 && total[0][node] > 0;
  // A vanished caller counts its vanished callees already.
  for (let node = count - 1; node > 0; node -= 1) {
    const value = isGone(node) ? total[0][node] : vanished[node];
    vanished[node] = value;
    vanished[parent[node]] += value;
  }
  const share = (side, node) => (total[side][ALL] > 0 ? total[side][node] / total[side][ALL] : 0);

  // Siblings stand in the same order in every view, so that the eye can follow: the costliest on either side first.
  const weight = new Float64Array(count);
  for (let node = 0; node < count; node += 1) weight[node] = Math.max(share(0, node), share(1, node));
  const begins = new Int32Array(count + 1);
  for (let node = 1; node < count; node += 1) begins[parent[node] + 1] += 1;
  for (let node = 0; node < count; node += 1) begins[node + 1] += begins[node];
  const children = new Int32Array(count - 1);
  const filled = begins.slice();
  for (let node = 1; node < count; node += 1) children[filled[parent[node]]++] = node;
  for (let node = 0; node < count; node += 1) {
    if (begins[node + 1] - begins[node] > 1) {
      children.subarray(begins[node], begins[node + 1]).sort((a, b) => weight[b] - weight[a] || a - b);
    }
  }
  const nameOf = (node) => (node === ALL ? "all stacks" : data.frames[frame[node]][NAME]);
  const wanted = data.frames.map((one) => `${one[NAME]} ${one[PLACE]}`.toLowerCase());

  // ---------------------------------------------------------------- state

  const state = { view: "after", unit: "absolute", zoom: ALL, at: ALL, found: null, matched: null };
  const values = () => ({ before: total[0], after: total[1], vanished })[state.view];
  let laid = []; // by depth: nodes, left edges, widths
  let colours = {}, patterns = {};
  let width = 0, drawn = 0;

  function path(node) {
    const made = [];
    for (let one = node; one >= 0; one = parent[one]) made.unshift(one);
    return made;
  }

  // ---------------------------------------------------------------- layout: only what is wide enough to be seen

  function lay() {
    width = scroll.clientWidth;
    laid = [];
    drawn = 0;
    const value = values();
    const above = path(state.zoom);
    above.forEach((node) => laid.push({ nodes: [node], lefts: [0], widths: [width] }));
    drawn += above.length;
    const scale = value[state.zoom] > 0 ? width / value[state.zoom] : 0;
    const stack = [[state.zoom, 0, above.length]];
    while (stack.length) {
      const [node, begin, depth] = stack.pop();
      let left = begin;
      for (let index = begins[node]; index < begins[node + 1]; index += 1) {
        const child = children[index];
        const across = value[child] * scale;
        if (across >= LEAST) {
          const row = (laid[depth] ||= { nodes: [], lefts: [], widths: [] });
          row.nodes.push(child);
          row.lefts.push(left);
          row.widths.push(across);
          drawn += 1;
          stack.push([child, left, depth + 1]);
        }
        left += across;
      }
    }
    for (const row of laid) {
      const order = row.lefts.map((_, index) => index).sort((a, b) => row.lefts[a] - row.lefts[b]);
      row.nodes = order.map((index) => row.nodes[index]);
      row.widths = order.map((index) => row.widths[index]);
      row.lefts = order.map((index) => row.lefts[index]);
    }
    space.style.height = `${laid.length * ROW + 4}px`;
  }

  // ---------------------------------------------------------------- colours

  function paint() {
    const names = ["paper", "ink", "quiet", "rule", "neutral", "slower", "faster", "new", "vanished", "mark", "link"];
    colours = Object.fromEntries(names.map((name) => [name, perfkit.colour(name)]));
    patterns = { new: hatched(colours.new, 1), vanished: hatched(colours.vanished, -1) };
  }

  function hatched(colour, slope) {
    const tile = document.createElement("canvas");
    tile.width = tile.height = 8;
    const made = tile.getContext("2d");
    made.fillStyle = colour;
    made.fillRect(0, 0, 8, 8);
    made.strokeStyle = mixed(colour, colours.paper, 0.3);
    made.lineWidth = 1.5;
    for (const shift of [-8, 0, 8]) {
      made.beginPath();
      made.moveTo(slope > 0 ? shift : shift + 8, 0);
      made.lineTo(slope > 0 ? shift + 8 : shift, 8);
      made.stroke();
    }
    return pen.createPattern(tile, "repeat");
  }

  const parts = (colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));

  function mixed(one, other, part) {
    const [left, right] = [parts(one), parts(other)];
    return "#" + left.map((value, at) => Math.round(value + (right[at] - value) * part).toString(16).padStart(2, "0")).join("");
  }

  function light(colour) {
    const [r, g, b] = parts(colour);
    return 0.299 * r + 0.587 * g + 0.114 * b > 140;
  }

  // Samples that fall on a frame scatter as counts do; what they alone could make is no difference.
  function isChance(node) {
    if (data.intervals.some((one) => one === null)) return false;
    const parts_ = [0, 1].map((side) => {
      const by = state.unit === "share" ? total[side][ALL] : 1;
      return { value: total[side][node] / by, variance: (total[side][node] * data.intervals[side]) / by ** 2 };
    });
    const gap = Math.abs(parts_[0].value - parts_[1].value);
    return gap <= SURE * Math.sqrt(parts_[0].variance + parts_[1].variance);
  }

  function change(node) {
    const both = state.unit === "share" ? [share(0, node), share(1, node)] : [total[0][node], total[1][node]];
    if (both[0] === 0 && both[1] === 0) return 0;
    return Math.max(-1, Math.min(1, Math.log2(both[1] / both[0]) / FOLDS));
  }

  function fill(node) {
    if (node === ALL) return [colours.neutral, colours.neutral];
    if (isNew(node)) return [patterns.new, colours.new];
    if (isGone(node)) return [patterns.vanished, colours.vanished];
    if (isChance(node)) return [colours.neutral, colours.neutral];
    const by = change(node);
    const made = by === 0 ? colours.neutral : mixed(colours.neutral, by > 0 ? colours.slower : colours.faster, Math.abs(by) ** 0.7);
    return [made, made];
  }

  // ---------------------------------------------------------------- drawing: the rows that are in view

  function draw() {
    const ratio = window.devicePixelRatio || 1;
    const all = perfkit.isPrinting();
    const height = all ? laid.length * ROW + 4 : Math.min(laid.length * ROW + 4, scroll.clientHeight || 400);
    canvas.width = Math.max(1, Math.round(width * ratio));
    canvas.height = Math.max(1, Math.round(height * ratio));
    canvas.style.height = `${height}px`;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.fillStyle = colours.paper;
    pen.fillRect(0, 0, width, height);
    pen.font = `11.5px ${getComputedStyle(scroll).fontFamily}`;
    pen.textBaseline = "middle";
    const letter = pen.measureText("m").width;
    const top = all ? 0 : scroll.scrollTop;
    const first = Math.max(0, Math.floor(top / ROW));
    const last = Math.min(laid.length - 1, Math.floor((top + height) / ROW));
    const zoomed = path(state.zoom).length - 1;
    for (let depth = first; depth <= last; depth += 1) {
      const row = laid[depth];
      const y = depth * ROW - top + 2;
      for (let index = 0; index < row.nodes.length; index += 1) {
        box(row.nodes[index], row.lefts[index], y, row.widths[index], depth < zoomed, letter);
      }
    }
    canvas.dataset.drawn = drawn;
    canvas.dataset.view = state.view;
    canvas.dataset.unit = state.unit;
    canvas.dataset.zoom = nameOf(state.zoom);
    canvas.dataset.at = nameOf(state.at);
  }

  function box(node, left, y, across, above, letter) {
    const [style, flat] = fill(node);
    const found = state.matched === null || state.matched.has(node);
    const gap = across > 3 ? 1 : 0;
    pen.globalAlpha = above ? 0.55 : found ? 1 : 0.28;
    pen.fillStyle = style;
    pen.fillRect(left, y, across - gap, ROW - 1);
    if (state.matched !== null && found && across > 2) {
      pen.strokeStyle = colours.mark;
      pen.lineWidth = 2;
      pen.strokeRect(left + 1, y + 1, across - gap - 2, ROW - 3);
    }
    if (across > TEXT_FROM) {
      const room = Math.floor((across - 8) / letter);
      const name = nameOf(node);
      pen.globalAlpha = above ? 0.8 : found ? 1 : 0.5;
      pen.fillStyle = light(flat) ? "#14181d" : "#ffffff";
      pen.fillText(name.length <= room ? name : room > 1 ? `${name.slice(0, room - 1)}…` : "", left + 4, y + ROW / 2);
    }
    pen.globalAlpha = 1;
    if (node === state.at && document.activeElement === canvas) {
      pen.strokeStyle = colours.ink;
      pen.lineWidth = 2;
      pen.strokeRect(left + 1, y + 1, Math.max(1, across - gap - 2), ROW - 3);
    }
  }

  let pending = false;
  function soon() {
    if (pending) return;
    pending = true;
    requestAnimationFrame(() => { pending = false; draw(); });
  }

  function show() {
    if (values()[state.zoom] <= 0) state.zoom = ALL;
    lay();
    if (!place(state.at)) state.at = state.zoom;
    crumbs();
    draw();
    speak();
  }

  // ---------------------------------------------------------------- what a frame says

  function place(node) {
    for (let depth = 0; depth < laid.length; depth += 1) {
      const index = laid[depth].nodes.indexOf(node);
      if (index >= 0) return { depth, left: laid[depth].lefts[index], width: laid[depth].widths[index] };
    }
    return null;
  }

  const signed = (text, value) => (value > 0 ? `+${text}` : text);

  function said(node) {
    const both = [total[0][node], total[1][node]];
    const shares = [share(0, node), share(1, node)];
    return [
      ["", data.sides[0], data.sides[1], "change"],
      ["total", ...both.map(perfkit.seconds), signed(perfkit.seconds(both[1] - both[0]), both[1] - both[0])],
      ["self", ...[0, 1].map((side) => perfkit.seconds(own[side][node])), signed(perfkit.seconds(own[1][node] - own[0][node]), own[1][node] - own[0][node])],
      ["share", ...shares.map((one) => perfkit.percent(one)), signed(`${perfkit.fixed(100 * (shares[1] - shares[0]), 1)} points`, shares[1] - shares[0])],
    ];
  }

  function how(node) {
    if (node === ALL) return "Both sides, all that was recorded.";
    const made = data.frames[frame[node]][HOW];
    if (made === "new" || made === "vanished") return made === "new" ? "New code." : "Vanished: this code is gone.";
    if (isNew(node)) return `Called from here only after (matched by: ${made}).`;
    if (isGone(node)) return `Called from here only before (matched by: ${made}).`;
    return `Matched by: ${made}.${isChance(node) ? " The change lies within the chance of sampling." : ""}`;
  }

  function fillTip(node) {
    const head = perfkit.element("b", nameOf(node));
    const made = [head];
    if (node !== ALL) made.push(perfkit.element("p", data.frames[frame[node]][PLACE], "note"));
    const table = document.createElement("table");
    said(node).forEach((cells, index) => {
      const row = table.insertRow();
      cells.forEach((text, at) => row.append(perfkit.element(index && at ? "td" : "th", text, at ? "r" : "")));
    });
    made.push(table, perfkit.element("p", how(node), "note"));
    tip.replaceChildren(...made);
  }

  function speak() {
    const node = state.at;
    const rows = said(node);
    const at = find("at");
    at.textContent = `${nameOf(node)}: total ${rows[1][1]} before, ${rows[1][2]} after; self ${rows[2][1]} before, ${rows[2][2]} after. ${how(node)}`;
    at.setAttribute("aria-level", path(node).length);
    at.setAttribute("aria-selected", "true");
    if (begins[node + 1] > begins[node]) at.setAttribute("aria-expanded", "true");
    else at.removeAttribute("aria-expanded");
  }

  function moveTip(node, x, y) {
    fillTip(node);
    tip.hidden = false;
    const edge = document.documentElement.clientWidth;
    const box_ = tip.getBoundingClientRect();
    const left = Math.max(6, Math.min(x + 14, edge - box_.width - 8));
    const below = y + 18 + box_.height < innerHeight;
    tip.style.left = `${left + scrollX}px`;
    tip.style.top = `${(below ? y + 18 : Math.max(6, y - box_.height - 14)) + scrollY}px`;
  }
  const hideTip = () => { tip.hidden = true; };
  document.body.append(tip); // so that no box around the graph cuts it off

  function tipAtFrame() {
    const where = place(state.at);
    if (!where) return;
    const box_ = canvas.getBoundingClientRect();
    moveTip(state.at, box_.left + where.left + Math.min(where.width / 2, 60), box_.top + (where.depth + 1) * ROW - scroll.scrollTop);
  }

  // ---------------------------------------------------------------- pointer

  function under(event) {
    const box_ = canvas.getBoundingClientRect();
    const x = event.clientX - box_.left;
    const row = laid[Math.floor((event.clientY - box_.top + scroll.scrollTop - 2) / ROW)];
    if (!row) return null;
    let low = 0, high = row.lefts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (row.lefts[middle] <= x) low = middle;
      else high = middle - 1;
    }
    return x >= row.lefts[low] && x <= row.lefts[low] + row.widths[low] ? row.nodes[low] : null;
  }

  canvas.addEventListener("pointermove", (event) => {
    const node = under(event);
    if (node === null) hideTip();
    else moveTip(node, event.clientX, event.clientY);
  });
  canvas.addEventListener("pointerleave", hideTip);
  let touched = null;
  canvas.addEventListener("click", (event) => {
    const node = under(event);
    if (node === null) return;
    state.at = node;
    // A finger has no hover: its first tap shows the figures, a second one zooms.
    if (event.pointerType === "touch" && touched !== node) {
      touched = node;
      draw();
      speak();
      moveTip(node, event.clientX, event.clientY);
      return;
    }
    touched = null;
    zoom(node);
    if (event.pointerType === "touch") hideTip();
  });
  scroll.addEventListener("scroll", () => { hideTip(); soon(); }, { passive: true });

  // ---------------------------------------------------------------- zoom, keys

  function zoom(node) {
    state.zoom = node;
    state.at = node;
    scroll.scrollTop = 0;
    show();
  }

  function crumbs() {
    const made = path(state.zoom).map((node) => {
      const item = document.createElement("li");
      const button = perfkit.element("button", nameOf(node));
      button.type = "button";
      if (node === state.zoom) button.setAttribute("aria-current", "true");
      button.addEventListener("click", () => { zoom(node); canvas.focus(); });
      item.append(button);
      return item;
    });
    find("crumbs").replaceChildren(...made);
  }

  const visible = (node) => {
    const value = values();
    return Array.from(children.subarray(begins[node], begins[node + 1])).filter((one) => value[one] > 0);
  };

  function step(key) {
    const node = state.at;
    if (key === "ArrowUp") return parent[node] >= 0 ? parent[node] : node;
    if (key === "ArrowDown") {
      const value = values();
      const below = visible(node);
      return below.length ? below.reduce((best, one) => (value[one] > value[best] ? one : best)) : node;
    }
    if (parent[node] < 0) return node;
    const beside = visible(parent[node]);
    const at = beside.indexOf(node) + (key === "ArrowRight" ? 1 : -1);
    return beside[Math.max(0, Math.min(beside.length - 1, at))] ?? node;
  }

  function moveTo(node) {
    // What is too narrow to be drawn, or above the zoom, is brought into view by another zoom.
    if (!place(node)) state.zoom = parent[node] >= 0 ? parent[node] : ALL;
    else if (path(state.zoom).includes(node) && node !== state.zoom) state.zoom = node;
    state.at = node;
    show();
    if (!place(node)) { state.zoom = node; state.at = node; show(); }
    const where = place(node);
    if (where) {
      const y = where.depth * ROW;
      if (y < scroll.scrollTop) scroll.scrollTop = y;
      if (y + 2 * ROW > scroll.scrollTop + scroll.clientHeight) scroll.scrollTop = y + 2 * ROW - scroll.clientHeight;
    }
    draw();
    tipAtFrame();
  }

  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key.startsWith("Arrow")) moveTo(step(event.key));
    else if (event.key === "Home") moveTo(ALL);
    else if (event.key === "Enter" || event.key === " ") { zoom(state.at); tipAtFrame(); }
    else if (event.key === "Escape") {
      if (!tip.hidden) hideTip();
      if (state.zoom !== ALL) { const node = state.zoom; zoom(parent[node]); }
    } else return;
    event.preventDefault();
  });
  canvas.addEventListener("focus", () => { draw(); speak(); });
  canvas.addEventListener("blur", () => { hideTip(); draw(); });
  document.addEventListener("keydown", (event) => {
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    find("search").focus();
  });

  // ---------------------------------------------------------------- search

  function search() {
    const text = find("search").value.trim().toLowerCase();
    state.matched = null;
    if (text) {
      const frames = wanted.map((one) => one.includes(text));
      state.matched = new Set();
      const inside = new Uint8Array(count); // below a frame that matches: counted with that one
      const sums = [0, 0];
      for (let node = 1; node < count; node += 1) {
        const hit = frames[frame[node]];
        if (hit) state.matched.add(node);
        if (hit && !inside[parent[node]]) sums.forEach((_, side) => { sums[side] += total[side][node]; });
        inside[node] = hit || inside[parent[node]] ? 1 : 0;
      }
      const shares = sums.map((sum, side) => perfkit.percent(total[side][ALL] > 0 ? sum / total[side][ALL] : 0));
      const noun = state.matched.size === 1 ? "frame matches" : "frames match";
      find("found").textContent = `${perfkit.count(state.matched.size)} ${noun}: ${shares[0]} of the time before, ${shares[1]} after.`;
    } else find("found").textContent = "";
    draw();
  }

  function nextMatch() {
    if (!state.matched || !state.matched.size) return;
    const value = values();
    const all = [...state.matched].filter((node) => value[node] > 0).sort((a, b) => value[b] - value[a]);
    if (all.length) { canvas.focus(); moveTo(all[(all.indexOf(state.at) + 1) % all.length]); }
  }

  find("search").addEventListener("input", search);
  find("search").addEventListener("keydown", (event) => {
    if (event.key === "Enter") nextMatch();
    else if (event.key === "Escape") { find("search").value = ""; search(); canvas.focus(); }
    else return;
    event.preventDefault();
  });

  // ---------------------------------------------------------------- switches

  document.querySelectorAll("[name=flame-view]").forEach((one) =>
    one.addEventListener("change", () => { state.view = one.value; show(); }));
  document.querySelectorAll("[name=flame-unit]").forEach((one) =>
    one.addEventListener("change", () => { state.unit = one.value; show(); }));
  find("reset").addEventListener("click", () => { find("search").value = ""; search(); zoom(ALL); });
  if (vanished[ALL] <= 0) document.querySelector("[name=flame-view][value=vanished]").disabled = true;

  let timer = 0;
  new ResizeObserver(() => {
    clearTimeout(timer);
    timer = setTimeout(() => { if (scroll.clientWidth !== width && !perfkit.isPrinting()) show(); }, 60);
  }).observe(scroll);
  perfkit.onChange(() => { paint(); show(); });
  paint();
  show();
  performance.mark("flame");
})();
