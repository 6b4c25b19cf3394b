// A choice of stores that takes effect at once; without scripts it has a button.
"use strict";

document.querySelectorAll("[data-pick-store]").forEach((form) => {
  form.querySelector("button").hidden = true;
  form.querySelector("select").addEventListener("change", () => form.submit());
});
