// Comfort only: every step of the guest page works as a plain form.
"use strict";

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
