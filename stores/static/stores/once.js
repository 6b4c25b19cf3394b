// A second tap must not send a form twice; a page from the browser's history is usable again.
"use strict";

document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-once]")) return;
  setTimeout(() => event.target.querySelectorAll("button").forEach((button) => { button.disabled = true; }));
});
window.addEventListener("pageshow", () => {
  document.querySelectorAll("[data-once] button").forEach((button) => { button.disabled = false; });
});
