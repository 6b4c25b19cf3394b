// Hardware scanners at the counter: they type like a keyboard, only faster. A burst of keys that ends with Enter, Tab or
// a pause is a scan, wherever the focus is. Says "scanner:code" on the document with its text, the time of its first key
// and whether a key ended it as detail, or "scanner:garbled" when an input method changed letters. Without this file a scanner with Enter works
// as a keyboard.
"use strict";

(() => {
  const box = document.querySelector("[data-scan-form] [name=text]");
  if (!box) return;

  const SHORTEST = 6; // characters
  const FAST = 50; // milliseconds between two keys, in the median; people need 80 and more
  const PAUSE = 400; // milliseconds: the end of a scan that has no other end
  const LONG_PAUSE = 1000; // for a scanner that is known to end with a key, and may stutter over Bluetooth
  const ENTERS = ["Enter", "NumpadEnter"];
  const hint = document.querySelector("[data-wrong-input]");
  let pause = PAUSE;
  let strokes = []; // what was typed since the last pause: { text, at }
  let start = null; // where, and what stood there before
  let changed = { letters: false, unknown: false };
  let key = null; // the last key that went down
  let isComposing = false;
  let composedEnterAt = -PAUSE;
  let endedAt = -PAUSE;
  let timer = 0;

  document.addEventListener("keydown", (event) => {
    if (event.keyCode === 229 || event.isComposing) return composing(event);
    if (event.key === "Enter" || event.key === "Tab") return ending(event);
    const isLineFeed = event.ctrlKey && event.code === "KeyJ" && event.timeStamp - endedAt < PAUSE;
    if (isLineFeed) return event.preventDefault(); // the second half of CR LF would open the browser's downloads
    if (event.repeat) return forget();
    if (event.key.length !== 1 || event.ctrlKey || event.altKey || event.metaKey) return;
    take(event.key, event.timeStamp);
    key = { text: event.key, at: event.timeStamp, isTaken: true };
  }, true);

  // While an input method composes, only the keys themselves tell what was scanned.
  function composing(event) {
    const isEnter = ENTERS.includes(event.code) || event.key === "Enter";
    if (isEnter && event.keyCode === 229) {
      composedEnterAt = event.timeStamp;
      event.preventDefault(); // it ends the composition, and submits nothing
      return;
    }
    key = { code: event.code, at: event.timeStamp, isTaken: event.isComposing };
    if (event.isComposing) takeKey(key);
  }

  function takeKey({ code, at }) {
    const digit = /^(?:Digit|Numpad)([0-9])$/.exec(code);
    if (/^Key[A-Z]$/.test(code)) changed.letters = true;
    if (!code) changed.unknown = true;
    take(digit ? digit[1] : "", at);
  }

  box.addEventListener("compositionstart", () => {
    isComposing = true;
    if (key && !key.isTaken) takeKey(key); // its keydown came before
  });
  box.addEventListener("compositionend", () => { isComposing = false; });

  document.addEventListener("beforeinput", (event) => {
    if (!strokes.length || isOld(event.timeStamp)) start = { field: event.target, value: event.target.value };
  }, true);

  document.addEventListener("input", (event) => {
    if (isComposing || event.isComposing) return;
    const text = event.inputType === "insertText" ? event.data || "" : "";
    if (!text) return forget(); // pasted, deleted, dropped, filled in
    const at = key ? key.at : event.timeStamp;
    const isTaken = key && key.isTaken && key.text === text;
    key = null;
    if (isTaken) return;
    // Several characters at once come from a scanner's own input method, or from a suggestion of the screen's keyboard.
    if (text.length > 1 && box.inputMode !== "none") return forget();
    Array.from(text).forEach((character) => take(character, at));
  }, true);

  function isOld(at) {
    const last = strokes[strokes.length - 1];
    return Boolean(last) && at - last.at > (areFast(2) ? pause : PAUSE);
  }

  function take(text, at) {
    if (isOld(at)) forget();
    if (!strokes.length) {
      const field = document.activeElement;
      start = start && start.field === field ? start : { field, value: field.value };
    }
    strokes.push({ text, at });
    clearTimeout(timer);
    timer = setTimeout(paused, pause);
  }

  function paused() {
    const late = performance.now() - strokes[strokes.length - 1].at - pause;
    if (late > 100) timer = setTimeout(finish, 50, false); // the page was busy: keys may be waiting
    else finish(false);
  }

  function areFast(least) {
    if (strokes.length < least) return false;
    const gaps = strokes.slice(1).map((stroke, index) => stroke.at - strokes[index].at);
    return gaps.sort((one, other) => one - other)[Math.floor(gaps.length / 2)] <= FAST;
  }

  function ending(event) {
    if (!areFast(SHORTEST) || isOld(event.timeStamp)) return forget();
    event.preventDefault();
    event.stopPropagation();
    pause = LONG_PAUSE;
    endedAt = event.timeStamp;
    finish(true);
  }

  function finish(isEnded) {
    const isScan = areFast(SHORTEST);
    const text = strokes.map((stroke) => stroke.text).join("").trim();
    const { letters, unknown } = changed;
    const { field, value } = start || {};
    const at = strokes.length ? strokes[0].at : 0;
    forget();
    if (!isScan) return;
    if (field && field !== box && "value" in field) field.value = value;
    if (unknown && /^[\x20-\x7e]+$/.test(box.value)) return say(box.value, at, isEnded);
    if (letters || unknown) return garbled(text);
    say(text, at, isEnded);
  }

  function forget() {
    clearTimeout(timer);
    strokes = [];
    start = null;
    changed = { letters: false, unknown: false };
  }

  function say(text, at, isEnded) {
    fill("");
    hint.hidden = true;
    document.dispatchEvent(new CustomEvent("scanner:code", { detail: { text, at, isEnded } }));
  }

  // The digits stand in the box for a person to look at; without its letters the code may be another one.
  function garbled(digits) {
    fill(digits);
    box.select();
    hint.hidden = false;
    document.dispatchEvent(new CustomEvent("scanner:garbled"));
  }

  // Leaving the box ends a composition.
  function fill(text) {
    if (isComposing) box.blur();
    box.value = text;
    box.focus();
  }

  // Some browsers submit with the Enter that ends a composition.
  document.addEventListener("submit", (event) => {
    if (event.target !== box.form || event.timeStamp - composedEnterAt > 100) return;
    event.preventDefault();
    event.stopPropagation();
  }, true);

  // A device with a scanner needs no keyboard on its screen; it remembers the switch.
  const REMEMBERED = "counter:scanner";
  const choice = document.querySelector("[data-hand-scanner]");
  const isOn = choice.querySelector("input");

  function remember(value) {
    try {
      if (value !== undefined) localStorage.setItem(REMEMBERED, value);
      return localStorage.getItem(REMEMBERED) === "1";
    } catch (error) {
      return isOn.checked; // a browser that keeps nothing
    }
  }

  function setKeyboard() {
    if (isOn.checked) box.inputMode = "none";
    else box.removeAttribute("inputmode");
  }

  choice.hidden = !window.matchMedia("(any-pointer: coarse)").matches;
  isOn.checked = !choice.hidden && remember();
  setKeyboard();
  isOn.addEventListener("change", () => {
    remember(isOn.checked ? "1" : "");
    setKeyboard();
    if (isOn.checked) box.focus();
  });
})();
