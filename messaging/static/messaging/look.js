// The previews of receipts follow what is typed into the form above them, before it is saved.
"use strict";

(() => {
  const papers = document.querySelector("[data-look]");
  const first = document.querySelector("[name=head_line]");
  if (!papers || !first) return;
  const form = first.form;
  let last = 0;

  async function show() {
    const number = ++last;
    try {
      const answer = await fetch(papers.dataset.look, { method: "POST", body: new URLSearchParams(new FormData(form)) });
      const html = await answer.text();
      if (answer.ok && !answer.redirected && number === last) papers.innerHTML = html;
    } catch {
      // The next change tries again.
    }
  }

  let timer;
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(show, 300);
  });
})();
