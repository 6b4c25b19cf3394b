// Buttons say that they are at work; a key is copied at a click; rows of lists open.
"use strict";

document.addEventListener("submit", ({ target: form }) => {
  if (!form.dataset.busy) return;
  const button = form.querySelector("button[type=submit]");
  button.disabled = true;
  button.lastChild.textContent = form.dataset.busy;
});

// Copies a text; pages without https have only the old way, by a marked text.
async function copy(source) {
  if (navigator.clipboard) return navigator.clipboard.writeText(source.textContent);
  getSelection().selectAllChildren(source);
  if (!document.execCommand("copy")) throw new Error("not copied");
}

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("[data-copy]").forEach((box) => {
    box.hidden = false;
    box.addEventListener("click", async () => {
      await copy(document.querySelector(box.dataset.copy));
      box.querySelector("button").lastChild.textContent = box.dataset.copied;
    });
  });
});

// The shell would move tabs into a menu, the open one too, by widths that it takes before all styles are
// there; they scroll in their own strip (tabs.js).
document.addEventListener("DOMContentLoaded", () => {
  document.getElementById("tabs-dropdown")?.parentElement.remove();
});

// A choice above the start page is shown at once; its button is for browsers without scripts.
document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("form[data-chosen] button").forEach((button) => { button.hidden = true; });
  // On a phone a row leaves out what is empty.
  document.querySelectorAll("#result_list .data-row > td").forEach((cell) => {
    cell.classList.toggle("zg-empty", ["", "–"].includes(cell.textContent.trim()));
  });
});

document.addEventListener("change", ({ target }) => {
  const form = target.closest("form[data-chosen]");
  if (form) form.submit();
});

// A click anywhere in a row opens it, unless it is meant for something there or marks a text. On a phone the
// link itself covers the row.
const OWN_CLICK = "a, button, input, select, textarea, label, summary, details, form";
document.addEventListener("click", (event) => {
  const row = event.target.closest("#result_list .data-row, .zg-table tr");
  const link = row?.querySelector(":scope > th > a, :scope > td:first-child > a");
  // The list as a whole stands in a form.
  if (!link || row.contains(event.target.closest(OWN_CLICK)) || !getSelection().isCollapsed) return;
  link.dispatchEvent(new MouseEvent("click", { cancelable: true, ctrlKey: event.ctrlKey, metaKey: event.metaKey }));
});
