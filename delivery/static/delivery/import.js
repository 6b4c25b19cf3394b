// A table travels as the body of a request of its own; its text comes back into the form, which then shows it.
"use strict";

(() => {
  const form = document.querySelector("[data-table]");
  if (!form) return;
  const trouble = form.querySelector("[data-trouble]");
  const input = form.querySelector("input[type=file]");
  input.closest("[hidden]").hidden = false;

  function fail(text) {
    trouble.textContent = text;
    trouble.hidden = false;
    input.value = "";
  }

  input.addEventListener("change", async () => {
    const [file] = input.files;
    if (!file) return;
    trouble.hidden = true;
    // The server would not read what is too large to its end.
    if (file.size > Number(form.dataset.mostBytes)) return fail(form.dataset.tooLarge);
    const headers = { "X-CSRFToken": form.elements.csrfmiddlewaretoken.value, "Content-Type": "application/octet-stream" };
    try {
      const answer = await fetch(form.dataset.table, { method: "POST", body: file, headers });
      const said = await answer.json();
      if (!answer.ok) return fail(said.trouble);
      form.elements.table.value = said.text;
      form.querySelector("button[value=look]").click();
    } catch {
      fail(form.dataset.lost);
    }
  });
})();
