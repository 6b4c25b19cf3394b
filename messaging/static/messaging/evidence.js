// Pictures of evidence: each is uploaded as it is chosen, and the form names it.
"use strict";

(() => {
  const form = document.querySelector("[data-evidence]");
  if (!form) return;
  const list = form.querySelector(".evidence");
  const trouble = document.querySelector("[data-trouble]");
  const token = form.querySelector("[name=csrfmiddlewaretoken]").value;

  function fail(text) {
    trouble.textContent = text;
    trouble.hidden = false;
  }

  function add({ slug, url }) {
    const item = document.createElement("li");
    const picture = document.createElement("img");
    const name = document.createElement("input");
    const remove = document.createElement("button");
    Object.assign(picture, { src: url, alt: "" });
    Object.assign(name, { type: "hidden", name: "picture", value: slug });
    Object.assign(remove, { type: "button", className: "quiet", textContent: form.dataset.remove });
    remove.dataset.remove = "";
    item.append(picture, name, remove);
    list.append(item);
  }

  form.querySelector("input[type=file]").addEventListener("change", async (event) => {
    const files = [...event.target.files];
    event.target.value = "";
    trouble.hidden = true;
    for (const file of files.slice(0, Number(form.dataset.most) - list.children.length)) {
      try {
        const headers = { "X-CSRFToken": token, "Content-Type": "application/octet-stream" };
        const answer = await fetch(form.dataset.evidence, { method: "POST", body: file, headers });
        const said = await answer.json();
        if (said.trouble) fail(said.trouble);
        else add(said);
      } catch {
        fail(form.dataset.lost);
      }
    }
  });

  list.addEventListener("click", (event) => event.target.closest("[data-remove]")?.closest("li").remove());
})();
