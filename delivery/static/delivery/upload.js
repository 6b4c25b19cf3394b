// A courier's bill travels as the body of a request of its own; then its page opens.
"use strict";

(() => {
  const form = document.querySelector("[data-bill]");
  if (!form) return;
  const trouble = document.querySelector("[data-trouble]");
  const button = form.querySelector("button");

  function fail(text) {
    trouble.textContent = text;
    trouble.hidden = false;
    trouble.scrollIntoView({ block: "center" });
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const [file] = form.elements.file.files;
    if (!file || button.disabled) return;
    trouble.hidden = true;
    // The server would not read what is too large to its end.
    if (file.size > Number(form.dataset.mostBytes)) return fail(form.dataset.tooHeavy);
    const address = `${form.elements.courier.value}?${new URLSearchParams({ name: file.name.slice(-150) })}`;
    const headers = { "X-CSRFToken": form.elements.csrfmiddlewaretoken.value, "Content-Type": "application/octet-stream" };
    button.disabled = true;
    try {
      const answer = await fetch(address, { method: "POST", body: file, headers });
      const said = await answer.json();
      if (answer.ok) return void location.assign(said.url);
      fail(said.trouble);
    } catch {
      fail(trouble.dataset.lost);
    }
    button.disabled = false;
  });
  window.addEventListener("pageshow", () => { button.disabled = false; });
})();
