// Calls as they end: rows that the server sends are put on top of the table, but not under the eyes of whoever reads it.
"use strict";
for (const body of document.querySelectorAll("tbody[data-live]")) {
  const table = body.closest("table");
  const state = document.querySelector("[data-live-state]");
  const source = new EventSource(body.dataset.live);
  let held = [];
  const isRead = () => table.matches(":hover") || table.contains(document.activeElement);
  const show = () => {
    if (held.length && !isRead()) {
      for (const row of held) body.insertAdjacentHTML("afterbegin", row);
      held = [];
      table.hidden = false;
      const none = table.nextElementSibling;
      if (none) none.hidden = true;
      while (body.rows.length > Number(body.dataset.most)) body.deleteRow(-1);
    }
    if (source.readyState !== EventSource.OPEN) state.textContent = "";
    else state.textContent = held.length ? state.dataset.held : state.dataset.on;
  };
  source.onmessage = (event) => { held = [...held, event.data].slice(-Number(body.dataset.most)); show(); };
  source.addEventListener("end", () => { source.close(); show(); });
  source.onopen = source.onerror = show;
  for (const each of ["mouseleave", "focusout"]) table.addEventListener(each, () => setTimeout(show));
}
