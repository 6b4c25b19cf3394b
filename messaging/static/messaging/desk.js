// The order desk: times that run down, and a sound until everything that waits is answered.
"use strict";

(() => {
  const desk = document.querySelector("#desk");
  const button = document.querySelector("[data-sound]");
  const standstill = document.querySelector("[data-standstill]");
  if (!desk) return;

  const RING_EVERY = 4000; // milliseconds
  let misses = 0;

  document.querySelectorAll("[data-desk-store]").forEach((form) => {
    form.querySelector("button").hidden = true;
    form.querySelector("select").addEventListener("change", () => form.submit());
  });

  // One answer may be lost; from the second on the desk is old.
  document.body.addEventListener("htmx:afterRequest", (event) => {
    misses = event.detail.successful ? 0 : misses + 1;
    standstill.hidden = misses < 2;
  });

  function tick() {
    const now = Date.now() / 1000;
    desk.querySelectorAll("[data-until]").forEach((time) => {
      const left = Number(time.dataset.until) - now;
      const card = time.closest(".desk-card");
      card.dataset.urgency = left < 120 ? "urgent" : left < 600 ? "soon" : "calm";
      time.textContent = counted(time, Math.abs(Math.trunc(left)));
    });
    setTimeout(tick, 1000);
  }

  // The words come from the server each minute; between them only their two numbers change.
  function counted(time, seconds) {
    const minutes = Math.trunc(seconds / 60);
    const parts = time.dataset.unit === "hours" ? [Math.trunc(minutes / 60), minutes % 60] : [minutes, seconds % 60];
    let at = 0;
    return time.textContent.replace(/\d+/g, () => String(parts[at]).padStart(at++ ? 2 : 1, "0"));
  }

  // Sound: browsers allow it after a click. Of all tabs of a person one rings, hidden or not: the one that holds the lock.
  let audio = null;
  let isOurs = false;

  function unlock() {
    if (audio) return;
    audio = new AudioContext();
    audio.resume();
    button.textContent = button.dataset.on;
    button.disabled = true;
    if (!navigator.locks) {
      isOurs = true;
      return;
    }
    navigator.locks.request("takeaway-desk-sound", () => {
      isOurs = true;
      return new Promise(() => {});
    });
  }

  function ring() {
    const waiting = Number(desk.querySelector("[data-rings]")?.dataset.rings || 0);
    document.title = waiting ? `(${waiting}) ${plainTitle}` : plainTitle;
    if (waiting && isOurs && audio) beep();
    setTimeout(ring, RING_EVERY);
  }

  function beep() {
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    tone.frequency.value = 880;
    volume.gain.setValueAtTime(0.25, audio.currentTime);
    volume.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + 0.6);
    tone.connect(volume).connect(audio.destination);
    tone.start();
    tone.stop(audio.currentTime + 0.6);
    desk.dataset.rung = String(Number(desk.dataset.rung || 0) + 1);
  }

  const plainTitle = document.title;
  if (button && window.AudioContext) {
    button.hidden = false;
    button.addEventListener("click", unlock);
    document.addEventListener("click", unlock, { once: true });
  }
  tick();
  ring();
})();
