// What the page's scripts share (figures as the report prints them, colours), the theme, the charts, and print.
"use strict";
const perfkit = (() => {
  const root = document.documentElement;
  const listeners = [];
  let printing = false;

  // The same rules as the report's own: three digits, halves to even, "n/a" for what is no number.
  function fixed(value, decimals) {
    let text = Math.abs(value).toFixed(decimals);
    const scaled = Math.abs(value) * 10 ** decimals;
    if (scaled % 1 === 0.5 && (Math.abs(value) * 8) % 1 === 0 && Math.floor(scaled) % 2 === 0) {
      text = (Math.floor(scaled) / 10 ** decimals).toFixed(decimals);
    }
    const [whole, rest] = text.split(".");
    const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",") + (rest ? "." + rest : "");
    return value < 0 && Number(text) !== 0 ? "-" + grouped : grouped;
  }

  const UNITS = [[1, "s"], [1e-3, "ms"], [1e-6, "µs"], [1e-9, "ns"]];

  function seconds(value) {
    if (value === null || value === undefined) return "-";
    if (!Number.isFinite(value)) return "n/a";
    const rounded = Number(Math.abs(value).toExponential(2));
    const [scale, unit] = UNITS.find(([one]) => rounded >= one) || UNITS[rounded === 0 ? 0 : 3];
    const scaled = value / scale;
    const exponent = scaled ? Number(scaled.toExponential(2).split("e")[1]) : 0;
    return `${fixed(scaled, Math.max(0, 2 - exponent))} ${unit}`;
  }

  function percent(share) {
    if (share === null || share === undefined) return "-";
    return Number.isFinite(share) ? `${fixed(100 * share, 1)} %` : "n/a";
  }

  const count = (value) => fixed(value, 0);
  const colour = (name) => getComputedStyle(root).getPropertyValue(`--${name}`).trim();
  const onChange = (listener) => listeners.push(listener);
  const changed = () => listeners.forEach((listener) => listener());

  function element(tag, text, names) {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    if (names) made.className = names;
    return made;
  }

  // ---------------------------------------------------------------- theme

  const THEMES = ["system", "light", "dark"];
  const button = document.getElementById("theme");
  let theme = "system";
  try { theme = localStorage.getItem("perfkit-theme") || "system"; } catch { /* a page from a file may have none */ }

  function apply() {
    if (!THEMES.includes(theme)) theme = "system";
    if (theme === "system" && !printing) delete root.dataset.theme;
    else root.dataset.theme = printing ? "light" : theme;
    button.textContent = `Theme: ${theme}`;
  }

  button.addEventListener("click", () => {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
    try { localStorage.setItem("perfkit-theme", theme); } catch { /* then it is not kept */ }
    apply();
    changed();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
  apply();
  document.querySelectorAll(".scripted").forEach((one) => { one.hidden = false; });

  // ---------------------------------------------------------------- print: everything open, on white

  let closed = [];
  addEventListener("beforeprint", () => {
    printing = true;
    closed = [...document.querySelectorAll("details:not([open])")];
    closed.forEach((one) => { one.open = true; });
    apply();
    changed();
  });
  addEventListener("afterprint", () => {
    printing = false;
    closed.forEach((one) => { one.open = false; });
    apply();
    changed();
  });

  return { seconds, percent, count, fixed, colour, onChange, element, isPrinting: () => printing };
})();

// ---------------------------------------------------------------- charts

(() => {
  const charts = JSON.parse(document.getElementById("chart-data").textContent);
  const PAPER = 680; // pixels of width that a printed page has

  function painted(figure, width) {
    const made = structuredClone(figure);
    const colours = Object.fromEntries(
      ["ink", "quiet", "rule", "before", "after", "saved", "lost"].map((one) => [
        one, perfkit.colour({ saved: "faster", lost: "slower" }[one] || one),
      ]),
    );
    const font = { family: getComputedStyle(document.body).fontFamily, color: colours.ink, size: 12 };
    for (const trace of made.data) {
      if (trace.type === "bar") trace.marker = { color: colours[trace.meta] };
      if (trace.type === "waterfall") {
        const [with_, against] = trace.meta === "lost" ? ["lost", "saved"] : ["saved", "lost"];
        trace.increasing = { marker: { color: colours[with_] } };
        trace.decreasing = { marker: { color: colours[against] } };
        trace.totals = { marker: { color: colours.quiet } };
        trace.connector = { line: { color: colours.rule, width: 1 } };
      }
      if (trace.meta === "whiskers") trace.marker = { color: colours.ink, size: 1 };
      if (trace.error_x) trace.error_x.color = colours.ink;
      trace.hoverlabel = { font: { ...font, color: perfkit.colour("paper") }, bgcolor: colours.ink, bordercolor: colours.ink, align: "left" };
    }
    const layout = made.layout;
    layout.width = width;
    layout.font = font;
    layout.paper_bgcolor = layout.plot_bgcolor = "rgba(0,0,0,0)";
    for (const axis of [layout.xaxis, layout.yaxis]) {
      axis.gridcolor = colours.rule;
      axis.tickfont = { ...font, color: colours.quiet, size: 11 };
      if (axis.title) axis.title.font = { ...font, color: colours.quiet, size: 11 };
    }
    const room = Math.max(12, Math.floor(width / 15)); // characters left of a row's figures
    for (const note of layout.annotations) {
      note.font = note.name === "quiet" ? { ...font, color: colours.quiet, size: 11 } : font;
      const heading = note.xref === "paper" && note.xanchor === "left";
      // A path's end says more than its beginning.
      if (heading && note.text.length > room && !/[<&]/.test(note.text)) note.text = "…" + note.text.slice(1 - room);
    }
    return made;
  }

  function draw() {
    if (!window.Plotly) return;
    for (const [ident, { figure, height }] of Object.entries(charts)) {
      const place = document.getElementById(ident);
      const width = perfkit.isPrinting() ? PAPER : place.clientWidth;
      if (!width) continue;
      const { data, layout } = painted(figure, width);
      layout.height = height;
      const waiting = place.querySelector(".waiting");
      if (waiting) waiting.remove();
      Plotly.react(place, data, layout, { displayModeBar: false, responsive: false });
      place.dataset.drawn = "yes";
    }
  }

  function bytes(text) {
    if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
    const letters = atob(text);
    const made = new Uint8Array(letters.length);
    for (let at = 0; at < letters.length; at += 1) made[at] = letters.charCodeAt(at);
    return made;
  }

  async function open() {
    const packed = bytes(document.getElementById("plotly").textContent);
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    const script = document.createElement("script");
    script.textContent = await new Response(stream).text();
    document.head.append(script);
    draw();
    performance.mark("charts");
  }

  function failed() {
    document.querySelectorAll(".plot .waiting").forEach((one) => {
      one.textContent = "This browser cannot draw the chart; the table below has the same figures.";
    });
  }

  perfkit.onChange(draw);
  let timer = 0;
  addEventListener("resize", () => {
    clearTimeout(timer);
    timer = setTimeout(() => { if (!perfkit.isPrinting()) draw(); }, 120);
  });
  // After the first picture of the page: unpacking the library takes longer than all else.
  addEventListener("load", () => requestAnimationFrame(() => setTimeout(() => open().catch(failed), 0)));
})();
