// Comfort only: every step of the guest page works as a plain form.
"use strict";

// A second tap must not send a form twice; a page from the browser's history is usable again.
document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-once]")) return;
  setTimeout(() => event.target.querySelectorAll("button").forEach((button) => { button.disabled = true; }));
});
window.addEventListener("pageshow", () => {
  document.querySelectorAll("[data-once] button").forEach((button) => { button.disabled = false; });
});

// An old browser that cannot run htmx still gets its turn.
window.addEventListener("load", () => {
  if (document.querySelector("#step[hx-get]") && !window.htmx) setTimeout(() => location.reload(), 3000);
});

document.addEventListener("camera:code", (event) => {
  const input = document.querySelector("#code");
  if (!input) return;
  input.value = event.detail;
  document.dispatchEvent(new CustomEvent("camera:close"));
  input.form.requestSubmit ? input.form.requestSubmit() : input.form.submit();
});
