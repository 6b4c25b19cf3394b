// Times that run down on a page, each second, in the page's words; "over" is fired at one that ends here.
"use strict";

(() => {
  const { now, ...patterns } = JSON.parse(document.querySelector("#clock").textContent);
  // The clock of a tablet may be wrong; the server's counts.
  const ahead = now - Date.now() / 1000;

  const fill = (pattern, values) =>
    pattern.replace(/%\((\w+)\)(02)?[ds]/g, (_found, name, two) => String(values[name]).padStart(two ? 2 : 1, "0"));

  function words(left) {
    const seconds = Math.abs(Math.trunc(left));
    const hours = Math.trunc(seconds / 3600);
    const minutes = Math.trunc(seconds / 60) % 60;
    const time = fill(hours ? patterns.hours : patterns.minutes, { hours, minutes, seconds: seconds % 60 });
    return fill(left > 0 ? patterns.left : patterns.over, { time });
  }

  function show(clock) {
    const left = Number(clock.dataset.until) - ahead - Date.now() / 1000;
    const card = clock.closest("[data-urgency]");
    if (card) card.dataset.urgency = left < 120 ? "urgent" : left < 600 ? "soon" : "calm";
    clock.textContent = words(left);
    const wasRunning = clock.dataset.runs !== undefined;
    if (left > 0) clock.dataset.runs = "";
    else delete clock.dataset.runs;
    if (wasRunning && left <= 0) clock.dispatchEvent(new Event("over", { bubbles: true }));
  }

  (function tick() {
    document.querySelectorAll("[data-until]").forEach(show);
    setTimeout(tick, 1000);
  })();
})();
