// Pictures travel as the body of a request of their own. What goes wrong is said in the page's own place for it.
"use strict";

(() => {
  const trouble = document.querySelector("[data-trouble]");

  function fail(text) {
    trouble.textContent = text;
    trouble.hidden = false;
    trouble.scrollIntoView({ block: "center" });
  }

  // A picture that is too large is refused before it travels: the server would not read it to its end.
  document.addEventListener("change", (event) => {
    const { mostBytes, tooHeavy } = event.target.dataset;
    if (!mostBytes || [...event.target.files].every((file) => file.size <= Number(mostBytes))) return;
    event.stopImmediatePropagation();
    event.target.value = "";
    fail(tooHeavy);
  }, true);

  // What was chosen before the scripts had arrived.
  document.addEventListener("DOMContentLoaded", () => {
    for (const input of document.querySelectorAll("input[type=file]")) {
      if (input.files.length) input.dispatchEvent(new Event("change", { bubbles: true }));
    }
  });

  // Returns what the server says; null when it has refused or has not answered, which is said.
  window.takeawayUpload = async (url, body) => {
    trouble.hidden = true;
    const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
    const headers = { "X-CSRFToken": token, "Content-Type": "application/octet-stream" };
    try {
      const answer = await fetch(url, { method: "POST", body, headers });
      const said = await answer.json();
      if (answer.ok) return said;
      fail(said.trouble);
    } catch {
      fail(trouble.dataset.lost);
    }
    return null;
  };
})();
