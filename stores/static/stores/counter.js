// The counter: keeps the focus in the box, sends each scan at once and by itself, and says the result with a tone.
// Without this file the box is a plain form.
"use strict";

(() => {
  const form = document.querySelector("[data-scan-form]");
  if (!form) return;

  const REPEAT = 1500; // milliseconds in which the same scan is a scanner's bounce, not another guest's
  const CARRIED = "counter:carried"; // scans that a page which had expired hands to the next one
  const CARRIED_FOR = 120000; // milliseconds: enough to sign in, too short for another guest's turn
  const box = form.querySelector("[name=text]");
  const list = document.querySelector("#scans");
  const shown = Number(list.dataset.shown);
  const unanswered = new Map(); // by key: what was sent and is not answered yet
  const lost = new Map(); // by text: the key of a scan whose answer never came; sent again, it joins the first try
  let last = { text: "", at: 0 };
  let isRenewed = false; // the next page never reloads a second time for the same reason

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    scan(box.value);
    box.value = "";
    box.focus();
  });
  document.addEventListener("camera:code", (event) => scan(event.detail));
  document.addEventListener("scanner:code", (event) => scan(event.detail.text));
  ["scanner:garbled", "scanner:incomplete"].forEach((failure) => {
    document.addEventListener(failure, () => tone([220, 165], 0.22));
  });

  // Lines of a pasted message stay apart, or a phone number in the next line would be joined to the code.
  box.addEventListener("paste", (event) => {
    const text = event.clipboardData ? event.clipboardData.getData("text") : "";
    if (!/[\r\n]/.test(text.trim())) return;
    event.preventDefault();
    box.setRangeText(text.trim().replace(/\s*[\r\n]+\s*/g, " ; "), box.selectionStart, box.selectionEnd, "end");
  });

  function scan(raw) {
    const text = raw.trim();
    if (!text) return;
    const now = Date.now();
    const again = text === last.text && now - last.at < REPEAT;
    last = { text, at: now };
    if (again) return repeated();
    send(text, lost.get(text) || newKey());
  }

  function repeated() {
    const card = list.querySelector(".fresh");
    if (!card) return;
    card.classList.remove("again");
    void card.offsetWidth; // restarts the animation
    card.classList.add("again");
  }

  function newKey() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  function send(text, key) {
    const card = cardFrom("[data-sending]", text);
    show(card);
    unanswered.set(key, text);
    const values = Object.fromEntries(new FormData(form));
    card.addEventListener("htmx:beforeSwap", (event) => {
      if (!event.detail.shouldSwap) return;
      unanswered.delete(key);
      lost.delete(text);
      isRenewed = false;
      // A text in which no code was read stays, selected: the next scan replaces it.
      if (!box.value && event.detail.xhr.responseText.includes("data-unread")) {
        box.value = text;
        box.select();
      }
    });
    card.addEventListener("htmx:beforeOnLoad", (event) => {
      if (!hasExpired(event.detail.xhr)) return;
      if (isRenewed) return event.preventDefault(), notSent(card, text, key);
      carry();
      card.replaceWith(cardFrom("[data-expired]", text));
    });
    ["htmx:responseError", "htmx:sendError", "htmx:timeout"].forEach((failure) => {
      card.addEventListener(failure, () => notSent(card, text, key));
    });
    window.htmx.ajax("POST", form.action, {
      source: card,
      target: card,
      swap: "outerHTML",
      values: { ...values, text, request_key: key },
    });
  }

  // Signed out, or signed in anew elsewhere: htmx then leaves for the sign-in or reloads.
  function hasExpired(xhr) {
    return ["HX-Redirect", "HX-Refresh"].some((header) => xhr.getResponseHeader(header));
  }

  function carry() {
    const store = form.elements.store.value;
    sessionStorage.setItem(CARRIED, JSON.stringify({ store, at: Date.now(), scans: [...unanswered] }));
  }

  // With their old keys: whatever did arrive is joined, not redeemed twice.
  function sendCarried() {
    const carried = JSON.parse(sessionStorage.getItem(CARRIED));
    sessionStorage.removeItem(CARRIED);
    if (!carried || carried.store !== form.elements.store.value || Date.now() - carried.at > CARRIED_FOR) return;
    isRenewed = true;
    carried.scans.forEach(([key, text]) => send(text, key));
  }

  function notSent(card, text, key) {
    last = { text: "", at: 0 };
    unanswered.delete(key);
    lost.set(text, key);
    const failed = cardFrom("[data-not-sent]", text);
    card.replaceWith(failed);
    announce(failed);
  }

  function cardFrom(template, text) {
    const card = document.querySelector(template).content.firstElementChild.cloneNode(true);
    const code = /^[\w\s-]{1,30}$/.test(text) ? text.replace(/\s/g, "") : text.replace(/\D/g, "");
    card.querySelector(".code").textContent = code ? `…${code.slice(-4)}` : "";
    return card;
  }

  function show(card) {
    list.querySelectorAll(".fresh").forEach((old) => old.classList.remove("fresh"));
    list.prepend(card);
    document.querySelector("[data-empty]").hidden = true;
  }

  // Every card that htmx brings: one card per verification, at most ten, one tone when it is settled.
  document.body.addEventListener("htmx:load", (event) => {
    const card = event.detail.elt;
    if (!card.matches || !card.matches("#scans > .scan")) return;
    if (card.previousElementSibling) card.classList.remove("fresh");
    list.querySelectorAll(".scan[data-scan]").forEach((other) => {
      if (other !== card && other.dataset.scan === card.dataset.scan) other.remove();
    });
    [...list.querySelectorAll(":scope > .scan")].slice(shown).forEach((old) => old.remove());
    announce(card);
    const isBelowCamera = card.matches(".fresh") && document.querySelector("[data-camera]:not([hidden])");
    if (isBelowCamera) card.scrollIntoView({ block: "nearest" });
    if (document.activeElement === document.body) keepFocus();
  });

  // "How many?" was answered and no result came: the card stays, and the same press again joins the first.
  ["htmx:responseError", "htmx:sendError", "htmx:timeout"].forEach((failure) => {
    list.addEventListener(failure, (event) => {
      if (event.target.matches("[data-amounts]")) event.target.parentElement.querySelector("[data-lost]").hidden = false;
    });
  });

  // The page has expired while it asked: the next one asks again.
  list.addEventListener("htmx:beforeOnLoad", (event) => {
    if (!event.target.matches("[data-amounts]") || !hasExpired(event.detail.xhr)) return;
    history.replaceState(null, "", `?scan=${event.target.closest(".scan").dataset.scan}`);
  });

  function announce(card) {
    if ("quiet" in card.dataset) return; // a colleague's scan, heard at the colleague's counter
    const state = card.dataset.state;
    if (state === "ok") tone([880, 1320], 0.09);
    if (state === "refused") tone([220, 165], 0.22);
    if (state === "repeated") tone([440, 440], 0.15);
    if (state === "ask") tone([660], 0.12);
  }

  let audio = null;
  function tone(pitches, length) {
    const Audio = window.AudioContext || window.webkitAudioContext;
    if (!Audio) return;
    audio = audio || new Audio();
    if (audio.state === "suspended") audio.resume();
    pitches.forEach((pitch, index) => {
      const start = audio.currentTime + index * length;
      const pipe = audio.createOscillator();
      const volume = audio.createGain();
      pipe.frequency.value = pitch;
      volume.gain.setValueAtTime(0.18, start);
      volume.gain.exponentialRampToValueAtTime(0.001, start + length);
      pipe.connect(volume).connect(audio.destination);
      pipe.start(start);
      pipe.stop(start + length);
    });
  }

  // A scanner types wherever the focus is, so it must be in the box. On a touch screen that would open the keyboard over
  // the result; there the first key brings the focus, unless the device has a scanner and no keyboard.
  const isTouched = window.matchMedia("(pointer: coarse)").matches;
  function keepFocus() {
    if (!isTouched || box.inputMode === "none") box.focus();
  }

  window.addEventListener("focus", keepFocus);
  document.addEventListener("click", (event) => {
    if (!event.target.closest("a, button, select, input, label, video")) keepFocus();
  });
  document.addEventListener("keydown", (event) => {
    const isFree = !document.activeElement.matches("input:not([type=checkbox]), select, textarea");
    if (isFree && event.key.length === 1 && event.key !== " ") box.focus();
  });
  box.focus();
  sendCarried();
})();
