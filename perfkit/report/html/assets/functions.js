// The table of functions: sorted, filtered, and a page of rows at a time, so that thousands stay quick.
"use strict";
(() => {
  const source = document.getElementById("function-data");
  if (!source) return;
  const data = JSON.parse(source.textContent);
  const find = (name) => document.getElementById(`function-${name}`);
  const table = find("table");
  const body = table.tBodies[0];
  const foot = table.tFoot;
  const heads = [...table.tHead.rows[0].cells];
  const state = { by: data.sorted, down: true, page: 0 };
  let rows = [];

  data.parts.forEach((part, index) => {
    const option = perfkit.element("option", part.title);
    option.value = index;
    find("part").append(option);
  });
  find("part").closest("label").hidden = data.parts.length < 2;

  function compare(one, other) {
    const [left, right] = [one.keys[state.by], other.keys[state.by]];
    const order = left < right ? -1 : left > right ? 1 : 0;
    return state.down ? -order : order;
  }

  function choose() {
    const text = find("text").value.trim().toLowerCase();
    const kind = find("kind").value;
    const part = Number(find("part").value);
    const all = data.rows.filter((row) => row.part === part);
    rows = all.filter(
      (row) => (!kind || row.kind === kind) && (!text || row.keys[0].includes(text) || row.keys[1].includes(text) || row.keys[2].includes(text)),
    );
    rows.sort(compare);
    state.page = 0;
    find("count").textContent =
      rows.length === all.length ? `${perfkit.count(all.length)} functions`
        : `${perfkit.count(rows.length)} of ${perfkit.count(all.length)} functions`;
    // The sums hold for all functions of the part, so they stand only below all of them.
    const sums = rows.length === all.length ? data.parts[part].sums : [];
    foot.replaceChildren(...sums.map((cells) => made({ cells }, true)));
    show();
  }

  function show() {
    const pages = Math.max(1, Math.ceil(rows.length / data.page));
    state.page = Math.min(Math.max(0, state.page), pages - 1);
    const begin = state.page * data.page;
    body.replaceChildren(...rows.slice(begin, begin + data.page).map((row) => made(row, false)));
    find("pages").hidden = pages < 2;
    find("page").textContent = `${perfkit.count(state.page + 1)} of ${perfkit.count(pages)}`;
    find("back").disabled = state.page === 0;
    find("next").disabled = state.page === pages - 1;
    heads.forEach((head, index) => {
      if (index === state.by) head.setAttribute("aria-sort", state.down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
  }

  function made(row, plain) {
    const line = document.createElement("tr");
    row.cells.forEach((text, index) => {
      const cell = perfkit.element("td", undefined, data.columns[index].align === "right" ? "r" : "");
      cell.append(index < 2 && !plain ? perfkit.element("code", text) : text);
      line.append(cell);
    });
    return line;
  }

  heads.forEach((head, index) => {
    const button = perfkit.element("button", head.textContent);
    button.type = "button";
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      // Figures are sought from the top, names from the start.
      state.down = state.by === index ? !state.down : data.columns[index].align === "right";
      state.by = index;
      state.page = 0;
      rows.sort(compare);
      show();
    });
  });
  find("text").addEventListener("input", choose);
  find("kind").addEventListener("change", choose);
  find("part").addEventListener("change", choose);
  find("back").addEventListener("click", () => { state.page -= 1; show(); });
  find("next").addEventListener("click", () => { state.page += 1; show(); });
  choose();
})();
