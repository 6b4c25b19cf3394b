// Renews a page when something is new, and rings in one of a person's tabs, hidden or not, until what waits is done.
"use strict";

window.takeawayPulse = (() => {
  const place = document.querySelector("[data-pulse]");
  const sound = place && window.zhangguiSound("takeaway");
  const standstill = document.querySelector("[data-standstill]");
  const freshness = document.querySelector("[data-fresh]");
  const language = document.documentElement.lang;
  const RING_EVERY = 4000; // milliseconds
  const plainTitle = document.title;
  let renew = null;
  let last = null;
  let asked = null;
  let isRenewing = false;
  let isWanted = false;
  let misses = 0;
  let rungAt = 0;

  function told(pulse) {
    last = pulse;
    const waits = pulse.rings + pulse.waiting;
    document.title = waits ? `(${waits}) ${plainTitle}` : plainTitle;
    if (waits && sound.isOn() && Date.now() - rungAt >= RING_EVERY) {
      rungAt = Date.now();
      sound.play(place);
    }
    if (!pulse.fresh) return count(false);
    if (document.hidden) return;
    if (pulse.seen !== asked) renewNow();
    else if (!isRenewing) count(true);
  }

  // What was not answered is asked for again at the next pulse; what comes meanwhile, afterwards.
  async function renewNow() {
    if (!renew) return;
    isWanted = true;
    if (isRenewing) return;
    isRenewing = true;
    while (isWanted) {
      isWanted = false;
      asked = last && last.seen;
      const isDone = await renew().catch(() => false);
      if (!isDone) asked = null;
      count(isDone);
    }
    isRenewing = false;
  }

  // One answer may be lost; from the second on the page is old.
  function count(isFresh) {
    misses = isFresh ? 0 : misses + 1;
    if (standstill) standstill.hidden = misses < 2;
    if (!freshness || !isFresh) return;
    const now = new Date().toLocaleTimeString(language, { hourCycle: "h23", timeZone: freshness.dataset.zone });
    freshness.textContent = freshness.dataset.fresh.replace("{time}", now);
  }

  // Browsers without shared workers ask in each tab.
  function askAlone() {
    const ask = window.takeawayAsker(place.dataset.pulse);
    (async function again() {
      told(await ask());
      setTimeout(again, window.takeawayAskEvery);
    })();
  }

  function start() {
    if (!window.SharedWorker) return askAlone();
    const worker = new SharedWorker(place.dataset.worker, { name: `takeaway-pulse-${place.dataset.person}` });
    worker.port.onmessage = (event) => told(event.data);
    worker.port.start();
    worker.port.postMessage({ address: new URL(place.dataset.pulse, location.href).href });
    window.addEventListener("pagehide", () => worker.port.postMessage({ leaves: true }));
    window.addEventListener("pageshow", (event) => event.persisted && location.reload());
  }

  if (place) start();
  document.addEventListener("visibilitychange", () => document.hidden || renewNow());
  // `given` brings the page up to date and resolves to whether it did. Returns a function that does so at once.
  return (given) => {
    renew = given;
    return renewNow;
  };
})();
