// The sound of pages that wait for work, generated: no file. Of a person's tabs of one kind one sounds.
"use strict";

// `kind` names the pages that share it. Returns {isOn(), play(place)}; what `place` counts in data-rung, tests read.
window.zhangguiSound = (kind) => {
  const button = document.querySelector("[data-sound]");
  let audio = null;
  let isOurs = false;

  function play(place) {
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    tone.frequency.value = 880;
    volume.gain.setValueAtTime(0.25, audio.currentTime);
    volume.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + 0.6);
    tone.connect(volume).connect(audio.destination);
    tone.start();
    tone.stop(audio.currentTime + 0.6);
    place.dataset.rung = String(Number(place.dataset.rung || 0) + 1);
  }

  // Browsers allow a sound after a click. Of a person's tabs that one sounds which holds the lock.
  function unlock() {
    if (audio) return;
    audio = new AudioContext();
    audio.resume();
    if (button) {
      button.textContent = button.dataset.on;
      button.disabled = true;
    }
    if (!navigator.locks) {
      isOurs = true;
      return;
    }
    navigator.locks.request(`${kind}-sound`, () => {
      isOurs = true;
      return new Promise(() => {});
    });
  }

  if (window.AudioContext) {
    if (button) button.hidden = false;
    document.addEventListener("click", unlock, { once: true });
  }
  return { isOn: () => isOurs, play };
};
