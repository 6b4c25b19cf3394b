// Fields appear with the choice that needs them, and the list of mistakes leads to each field.
"use strict";

// Returns the present values of a field; null where the form only shows it.
function valuesOf(form, name) {
  const inputs = [...form.querySelectorAll(`[name="${CSS.escape(name)}"]`)];
  if (!inputs.length) return null;
  if (inputs.length === 1 && inputs[0].type === "checkbox") return [inputs[0].checked ? "True" : "False"];
  const chosen = inputs.filter((input) => !["checkbox", "radio"].includes(input.type) || input.checked);
  return chosen.map((input) => input.value);
}

// The boxes of a field, or of rows inside the form.
const boxesOf = (form, name) => form.querySelectorAll(`.field-line.field-${name}, #${name}-group`);

const isWrong = (box) => box.matches(".errors") || box.querySelector(".errors, .errornote, [aria-invalid=true]");

function showWhatMatters(form, rules) {
  const matters = (name) => rules.every(([fields, other, wanted]) => {
    if (!fields.includes(name)) return true;
    const values = valuesOf(form, other);
    return values === null || (matters(other) && values.some((value) => wanted.includes(value)));
  });
  for (const name of new Set(rules.flatMap(([fields]) => fields))) {
    boxesOf(form, name).forEach((box) => { box.classList.toggle("zg-away", !matters(name) && !isWrong(box)); });
  }
  // A row or a section without any field left goes too.
  for (const box of form.querySelectorAll(".form-row, fieldset.module")) {
    const fields = [...box.querySelectorAll(".field-line")];
    if (fields.length) box.classList.toggle("zg-away", fields.every((field) => field.matches(".zg-away")));
  }
}

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("[data-shown-with]").forEach((marker) => {
    const form = marker.closest("form");
    const rules = JSON.parse(marker.dataset.shownWith);
    form.addEventListener("change", () => showWhatMatters(form, rules));
    showWhatMatters(form, rules);
  });
  const mistakes = document.querySelector(".zg-mistakes");
  mistakes?.scrollIntoView({ block: "center" });
  mistakes?.focus({ preventScroll: true });
});

document.addEventListener("click", (event) => {
  const link = event.target.closest(".zg-mistakes a");
  const target = link && document.getElementById(link.hash.slice(1));
  if (!target) return;
  // The address stays: the shell reads a tab's name after its "#".
  event.preventDefault();
  for (let box = target.closest("details"); box; box = box.parentElement.closest("details")) box.open = true;
  target.scrollIntoView({ block: "center" });
  const focusable = "input:not([type=hidden]), select, textarea, button, summary, a";
  (target.matches(focusable) ? target : target.querySelector(focusable) ?? target).focus({ preventScroll: true });
});
