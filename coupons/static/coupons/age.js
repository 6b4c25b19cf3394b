// The guest's result grows old before the eyes: its clock moves, the minutes are counted, and after a few of them it is grey.
// A picture of it, or the page of an earlier guest, is then told at a glance.
"use strict";

(() => {
  const born = new WeakMap(); // the result → when this page got it

  // Whichever clock ran further: one stops while the phone sleeps, the other can be set back.
  function secondsSince(start) {
    return Math.floor(Math.max(performance.now() - start.running, Date.now() - start.clock) / 1000);
  }

  function tick() {
    const result = document.querySelector("[data-age]");
    if (!result) return;
    if (!born.has(result)) born.set(result, { running: performance.now(), clock: Date.now() });
    const passed = secondsSince(born.get(result));
    const age = Number(result.dataset.age) + passed;
    result.classList.toggle("old", age >= Number(result.dataset.green));
    write(result.querySelector(".outcome-age"), text(result.dataset, age));
    write(result.querySelector(".outcome-clock"), clock(Number(result.dataset.clock) + passed));
  }

  function write(element, words) {
    if (element.textContent !== words) element.textContent = words;
  }

  function text(words, age) {
    if (age >= 3600) return words.hours.replace("{n}", Math.floor(age / 3600));
    if (age >= 60) return words.minutes.replace("{n}", Math.floor(age / 60));
    return words.now;
  }

  function clock(seconds) {
    const parts = [Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60];
    return parts.map((part) => String(part).padStart(2, "0")).join(":");
  }

  setInterval(tick, 250);
  window.addEventListener("pageshow", tick);
  tick();
})();
