// Holds a scan back of which the first keys may be missing: they came before this page listened, or a stutter cut them
// off. The rest of a longer number would be somebody else's code. Stands in the head without defer, so that it also sees
// keys, and an Enter, which come before the other scripts. Without this file every scan is taken for a whole one.
"use strict";

(() => {
  const NEAR = 300; // milliseconds after we began to listen in which a key may belong to a scan that had begun before
  const FAST = 80; // milliseconds between two keys, in the median; people need more
  const PAUSE = 1000; // milliseconds: after this a key begins something new
  const SHORT = /^[0-9]{1,11}$/; // fewer digits than a coupon's code usually has
  let since = performance.now(); // when keys began to arrive here
  let times = []; // of the keys since the last pause
  let isNear = false;
  let isKey = false; // whether the next input comes from a key that was counted
  let held = null;

  window.addEventListener("focus", () => { since = performance.now(); });
  window.addEventListener("pageshow", (event) => { if (event.persisted) since = performance.now(); });

  document.addEventListener("keydown", (event) => {
    const isInputMethod = event.keyCode === 229 || event.isComposing;
    const isText = event.key.length === 1 && !event.ctrlKey && !event.altKey && !event.metaKey;
    if (event.repeat || !(isInputMethod || isText)) return;
    isKey = true;
    count(event.timeStamp);
  }, true);

  document.addEventListener("input", (event) => {
    if (event.target !== box()) return;
    held = null;
    show(false);
    const wasKey = isKey;
    isKey = false;
    if (event.isComposing) return;
    const isLetter = event.inputType === "insertText" && event.data && event.data.length === 1;
    if (!isLetter) forget(); // pasted, deleted, filled in: seen as a whole
    else if (!wasKey) count(event.timeStamp);
  }, true);

  document.addEventListener("submit", (event) => {
    if (!box() || event.target !== box().form) return;
    const text = box().value;
    const isPart = (isNear || text.length < times.length) && areFast(times);
    decide(event, text, isPart || text === held);
  }, true);

  document.addEventListener("scanner:code", (event) => {
    const { text, at, isEnded } = event.detail;
    const before = times.filter((time) => time < at);
    const isCut = (isNear && areFast(times)) || areFast(before);
    // Where no key says that a scan has ended, a stutter may have cut it; a person's Enter says that it is whole.
    const mayGoOn = !isEnded && SHORT.test(text);
    decide(event, text, isCut || mayGoOn, !isCut);
  });

  function count(at) {
    if (times.length && at - times[times.length - 1] > PAUSE) forget();
    if (at - since < NEAR) isNear = true;
    times.push(at);
  }

  function forget() {
    times = [];
    isNear = false;
  }

  function areFast(keys) {
    if (keys.length < 2) return keys.length === 1;
    const gaps = keys.slice(1).map((at, index) => at - keys[index]);
    return gaps.sort((one, other) => one - other)[Math.floor(gaps.length / 2)] <= FAST;
  }

  // The next scan replaces what is held; the same text is sent only when it was scanned or typed once more.
  function decide(event, text, isPart, mayBeEntered = false) {
    forget();
    held = isPart && !mayBeEntered ? text : null;
    show(isPart);
    if (!isPart) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    box().value = text;
    box().select();
    document.dispatchEvent(new CustomEvent("scanner:incomplete"));
  }

  function box() {
    return document.querySelector("[data-scan-form] [name=text]");
  }

  function show(isShown) {
    const hint = document.querySelector("[data-incomplete-scan]");
    if (hint) hint.hidden = !isShown;
  }
})();
