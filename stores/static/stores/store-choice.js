// Changing the store needs no button where scripts run.
"use strict";

document.querySelectorAll("[data-store-choice]").forEach((form) => {
  form.querySelector("button").hidden = true;
  form.querySelector("select").addEventListener("change", () => form.submit());
});
