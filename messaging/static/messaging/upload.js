// A picture that is too large is refused before it travels: the server would not read it to its end.
"use strict";

document.addEventListener("change", (event) => {
  const { mostBytes, tooHeavy } = event.target.dataset;
  if (!mostBytes || [...event.target.files].every((file) => file.size <= Number(mostBytes))) return;
  event.stopImmediatePropagation();
  event.target.value = "";
  const trouble = document.querySelector("[data-trouble]");
  trouble.textContent = tooHeavy;
  trouble.hidden = false;
  trouble.scrollIntoView({ block: "center" });
}, true);
