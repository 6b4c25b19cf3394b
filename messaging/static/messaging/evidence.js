// Pictures of evidence: each is uploaded as it is chosen, and the form names it.
"use strict";

(() => {
  const form = document.querySelector("[data-evidence]");
  if (!form) return;
  const list = form.querySelector(".evidence");

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
    for (const file of files.slice(0, Number(form.dataset.most) - list.children.length)) {
      const said = await window.takeawayUpload(form.dataset.evidence, file);
      if (said) add(said);
    }
  });

  list.addEventListener("click", (event) => event.target.closest("[data-remove]")?.closest("li").remove());
})();
