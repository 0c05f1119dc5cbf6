"use strict";
(() => {
  const MOST = 500;
  const one = (selector) => document.querySelector(selector);
  const all = (selector) => Array.from(document.querySelectorAll(selector));
  const tools = one(".tools");
  if (!tools) return;
  tools.hidden = false;
  const search = one("#search"), verdict = one("#verdict"), service = one("#service"), count = one("#count");
  const more = one("#more"), none = one("#none");
  // What is looked through is read once: the cells with names of a row, or a finding's text.
  const rows = all("tr[data-verdict]").map((row) => ({
    row, group: row.parentNode,
    text: Array.from(row.querySelectorAll(".wide"), (cell) => cell.textContent).join(" ").toLowerCase(),
    verdict: row.dataset.verdict, service: row.dataset.service,
  }));
  const findings = all(".finding").map((node) => ({ node, text: null }));
  let limit = MOST;

  function close(row) {
    const button = row.querySelector("[aria-expanded=true]");
    if (button) toggle(button);
  }

  function filter() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const shown = new Map();
    let matching = 0;
    for (const entry of rows) {
      const fits = (!verdict.value || entry.verdict === verdict.value)
        && (!service || !service.value || entry.service === service.value)
        && words.every((word) => entry.text.includes(word));
      if (fits) matching += 1;
      const hide = !fits || matching > limit;
      if (entry.row.hidden !== hide) {
        if (hide) close(entry.row);
        entry.row.hidden = hide;
      }
      shown.set(entry.group, (shown.get(entry.group) || 0) + (hide ? 0 : 1));
    }
    for (const [group, number] of shown) group.hidden = number === 0;
    let told = matching + " of " + rows.length + " " + tools.dataset.things;
    if (findings.length) {
      let fitting = 0;
      for (const entry of findings) {
        if (words.length && entry.text === null) entry.text = entry.node.textContent.toLowerCase();
        const fits = words.every((word) => entry.text.includes(word));
        entry.node.hidden = !fits;
        if (fits) fitting += 1;
      }
      told += ", " + fitting + " of " + findings.length + " findings";
    }
    count.textContent = told;
    count.dataset.for = search.value;
    more.hidden = matching <= limit;
    more.textContent = "Show all " + matching;
    none.hidden = matching > 0;
  }

  let timer = 0;
  search.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(filter, 120); });
  for (const control of [verdict, service]) if (control) control.addEventListener("change", filter);
  more.addEventListener("click", () => { limit = Infinity; filter(); limit = MOST; });

  const data = one("#chains");
  const chains = data ? JSON.parse(data.textContent) : null;

  function element(name, text, kind) {
    const node = document.createElement(name);
    node.textContent = text;
    if (kind) node.className = kind;
    return node;
  }

  // The reasons of an endpoint: a copy of what the page has, or made from the data of a large one.
  function reasons(number) {
    const written = one("#why-" + number);
    if (written) {
      const copy = written.cloneNode(true);
      copy.removeAttribute("id");
      return copy;
    }
    const box = document.createElement("div");
    const chain = chains && chains.chains[number];
    if (!chain) return box;
    const list = box.appendChild(element("ol", "", "chain"));
    for (const index of chain.steps) {
      const [kind, note, place, text] = chains.steps[index];
      const item = list.appendChild(document.createElement("li"));
      item.append(element("b", kind), note ? ": " + note : "");
      if (place) item.append(" ", element("span", place, "soft"));
      if (text) item.append(element("code", text));
    }
    for (const unknown of chain.unknown) box.append(element("p", "Not known: " + unknown));
    return box;
  }

  function toggle(button) {
    const row = button.closest("tr");
    const open = button.getAttribute("aria-expanded") === "true";
    button.setAttribute("aria-expanded", String(!open));
    if (open) {
      if (row.nextElementSibling && row.nextElementSibling.className === "detail") row.nextElementSibling.remove();
      return;
    }
    const detail = document.createElement("tr");
    detail.className = "detail";
    const cell = detail.appendChild(document.createElement("td"));
    cell.colSpan = Array.from(row.cells).reduce((sum, one) => sum + one.colSpan, 0);
    cell.append(reasons(button.dataset.why));
    row.after(detail);
  }

  // Links to the reasons become buttons that open them below the row.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-why]");
    if (!link) return;
    event.preventDefault();
    toggle(link);
  });
  for (const entry of rows) {
    const link = entry.row.querySelector("[data-why]");
    if (!link) continue;
    link.setAttribute("role", "button");
    link.setAttribute("aria-expanded", "false");
  }
  document.addEventListener("keydown", (event) => {
    if (event.key === " " && event.target.matches && event.target.matches("a[data-why]")) {
      event.preventDefault();
      toggle(event.target);
    }
  });
  window.addEventListener("beforeprint", () => { for (const node of all("details")) node.open = true; });
  filter();
})();
