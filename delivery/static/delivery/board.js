// The dispatch board: renewed when something is new, a sound for what needs a person, times that run, dialogs, and one column at a time on phones.
"use strict";

(() => {
  const board = document.querySelector("#board");
  if (!board) return;
  const dialog = document.querySelector("#board-dialog");
  const standstill = document.querySelector("[data-standstill]");
  const freshness = document.querySelector("[data-fresh]");
  const { now, ...patterns } = JSON.parse(document.querySelector("#clock").textContent);
  // The clock of a tablet may be wrong; the server's counts.
  const ahead = now - Date.now() / 1000;
  const askEvery = 1500; // milliseconds
  const sound = window.zhangguiSound("delivery");
  let alarms = alarmed();
  const readFor = 10_000; // milliseconds
  let misses = 0;
  // What was said last: of which delivery, how its card stood then, and when it was said.
  let told = null;
  let isOver = false;

  const moment = () => ahead + Date.now() / 1000;
  const fill = (pattern, values) =>
    pattern.replace(/%\((\w+)\)(02)?d/g, (_found, name, two) => String(values[name]).padStart(two ? 2 : 1, "0"));

  function span(given) {
    const seconds = Math.max(0, Math.trunc(given));
    const hours = Math.trunc(seconds / 3600);
    return fill(hours ? patterns.hours : patterns.minutes, {
      hours, minutes: Math.trunc(seconds / 60) % 60, seconds: seconds % 60,
    });
  }

  function tick() {
    const at = moment();
    document.querySelectorAll("[data-since]").forEach((each) => { each.textContent = span(at - each.dataset.since); });
    document.querySelectorAll("[data-left]").forEach((each) => { each.textContent = span(each.dataset.left - at); });
    document.querySelectorAll("[data-free]").forEach((each) => {
      const left = Math.trunc(each.dataset.free - at);
      each.textContent = left > 0 ? fill(patterns.free, { seconds: left }) : each.dataset.after;
    });
    board.querySelectorAll("[data-urgent]").forEach((card) => {
      if (at >= card.dataset.urgent) card.dataset.urgency = "urgent";
      else if (at >= card.dataset.soon && card.dataset.urgency === "calm") card.dataset.urgency = "soon";
    });
  }

  function shows(name) {
    board.dataset.tab = name;
    board.querySelectorAll("[data-shows]").forEach((tab) => {
      if (tab.dataset.shows === name) tab.setAttribute("aria-current", "true");
      else tab.removeAttribute("aria-current");
    });
  }

  // What a new board does not know: the column of the phone, and whether the finished ones are open.
  function restore() {
    shows(board.dataset.tab);
    const over = board.querySelector("[data-over]");
    if (over) {
      over.open = isOver;
      over.addEventListener("toggle", () => { isOver = over.open; });
    }
    tick();
  }

  const changeOf = (number) => board.querySelector(`[data-delivery="${number}"]`)?.dataset.changed;

  // What was done is said until the card shows what came of it, or for some seconds where nothing does.
  function forget(config) {
    const said = document.querySelector("#board-said .said");
    if (config.elt !== board) {
      const number = /\/board\/(\d+)\//.exec(config.path)?.[1];
      told = said && { number, changed: changeOf(number), at: Date.now() };
    } else if (told && (changeOf(told.number) !== told.changed || Date.now() - told.at > readFor)) {
      said?.remove();
      told = null;
    }
  }

  function alarmed() {
    return new Set([...board.querySelectorAll("[data-alarm]")].map((card) => card.dataset.alarm));
  }

  // Once for each delivery that newly needs a person; what waited before the page was opened is seen.
  function ring() {
    const before = alarms;
    alarms = alarmed();
    if (sound.isOn() && [...alarms].some((each) => !before.has(each))) sound.play(board);
  }

  function answered(isFresh) {
    misses = isFresh ? 0 : misses + 1;
    standstill.hidden = misses < 2;
    if (!isFresh) return;
    const time = new Date().toLocaleTimeString(document.documentElement.lang, { hourCycle: "h23", timeZone: freshness.dataset.zone });
    freshness.textContent = freshness.dataset.fresh.replace("{time}", time);
  }

  board.addEventListener("click", (event) => {
    const tab = event.target.closest("[data-shows]");
    if (!tab) return;
    event.preventDefault();
    shows(tab.dataset.shows);
  });
  dialog.addEventListener("click", (event) => {
    if (event.target !== dialog && !event.target.closest("[data-close]")) return;
    event.preventDefault();
    dialog.close();
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target === dialog) {
      // What was said last is about something else.
      document.querySelector("#board-said").replaceChildren();
      tick();
      if (!dialog.open) dialog.showModal();
    }
    if (event.detail.target !== board) return;
    if (dialog.contains(event.detail.requestConfig.elt)) dialog.close();
    forget(event.detail.requestConfig);
    restore();
    ring();
  });
  board.addEventListener("htmx:afterRequest", (event) => {
    // The buttons on the board have requests of their own.
    if (event.detail.elt === board) answered(event.detail.successful === true);
  });

  restore();
  setInterval(tick, 1000);
  // Also in a hidden tab, as long as it is the one that sounds.
  setInterval(() => (document.hidden && !sound.isOn()) || window.htmx.trigger(board, "stale"), askEvery);
  document.addEventListener("visibilitychange", () => document.hidden || window.htmx.trigger(board, "stale"));
})();
