// The order desk: renewed when something is new, with times that run down.
"use strict";

(() => {
  const desk = document.querySelector("#desk");
  if (!desk) return;
  let seen = null;

  document.querySelectorAll("[data-desk-store]").forEach((form) => {
    form.querySelector("button").hidden = true;
    form.querySelector("select").addEventListener("change", () => form.submit());
  });

  window.takeawayPulse((pulse) => {
    if (!pulse.fresh || pulse.seen === seen || document.hidden) return;
    seen = pulse.seen;
    window.htmx.trigger(desk, "stale");
  });
  document.addEventListener("visibilitychange", () => document.hidden || window.htmx.trigger(desk, "stale"));

  function tick() {
    const now = Date.now() / 1000;
    desk.querySelectorAll("[data-until]").forEach((time) => {
      const left = Number(time.dataset.until) - now;
      // What is over is said otherwise.
      if (left < 0 && time.dataset.left > 0) renew();
      time.dataset.left = left;
      const card = time.closest(".desk-card");
      card.dataset.urgency = left < 120 ? "urgent" : left < 600 ? "soon" : "calm";
      time.textContent = counted(time, Math.abs(Math.trunc(left)));
    });
    setTimeout(tick, 1000);
  }

  function renew() {
    desk.querySelector("[name=after]").value = "";
    window.htmx.trigger(desk, "stale");
  }

  // The words come from the server each minute; between them only their two numbers change.
  function counted(time, seconds) {
    const minutes = Math.trunc(seconds / 60);
    const parts = time.dataset.unit === "hours" ? [Math.trunc(minutes / 60), minutes % 60] : [minutes, seconds % 60];
    let at = 0;
    return time.textContent.replace(/\d+/g, () => String(parts[at]).padStart(at++ ? 2 : 1, "0"));
  }

  tick();
})();
