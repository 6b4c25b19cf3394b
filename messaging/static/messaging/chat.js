// The chat: messages of all sides appear by themselves; Enter sends, but never while a syllable is being composed.
"use strict";

(() => {
  const page = document.querySelector("[data-news]");
  const bubbles = document.querySelector("#bubbles");
  const thread = document.querySelector("#thread");
  const form = document.querySelector(".talk-box");
  const replies = document.querySelector(".talk-replies");
  const trouble = document.querySelector("[data-trouble]");
  const open = page.dataset.open || "";
  const isPast = thread?.dataset.past !== undefined;
  let seen = null;
  let isAsking = false;

  const token = () => document.querySelector("[name=csrfmiddlewaretoken]").value;
  const newKey = () => crypto.randomUUID().replaceAll("-", "");

  // What is new

  window.takeawayPulse((pulse) => {
    if (!pulse.fresh || pulse.seen === seen || document.hidden) return;
    seen = pulse.seen;
    ask();
  });
  document.addEventListener("visibilitychange", () => document.hidden || ask());

  async function ask() {
    if (isAsking) return;
    isAsking = true;
    try {
      const query = new URLSearchParams({ cursor: page.dataset.cursor, list: page.dataset.list, open });
      const answer = await fetch(`${page.dataset.news}?${query}`, { headers: { "HX-Request": "true" } });
      if (answer.status === 200) take(await answer.json());
    } catch {
      seen = null;
    } finally {
      isAsking = false;
    }
  }

  function take(news) {
    if (news.anew) return location.reload();
    page.dataset.cursor = news.cursor;
    document.querySelector("#conversations").innerHTML = news.list;
    if (!open) return;
    document.querySelector("#talk-head").innerHTML = news.head;
    document.querySelector("#replies").innerHTML = news.replies;
    form.hidden = replies.hidden = isPast || document.querySelector("[data-closed]") !== null;
    // What is new does not follow on what stands here.
    if (!isPast) add(news.bubbles);
  }

  // Each message stands once, at its place.
  function add(news) {
    const atEnd = thread.scrollHeight - thread.scrollTop - thread.clientHeight < 80;
    const earlier = document.querySelector("[data-earlier]:not([hidden])");
    for (const each of news) {
      const holder = document.createElement("template");
      holder.innerHTML = each.html.trim();
      const made = holder.content.firstElementChild;
      const known = bubbles.querySelector(`[data-message="${each.id}"]`);
      // What stands before this page comes with the earlier messages.
      if (!known && earlier && made.dataset.at < bubbles.firstElementChild?.dataset.at) continue;
      known?.remove();
      const next = [...bubbles.children].find((child) => child.dataset.at > made.dataset.at);
      next ? next.before(made) : bubbles.append(made);
    }
    if (atEnd) thread.scrollTop = thread.scrollHeight;
    readAll();
  }

  // Reading, typing, drafts

  function lastOfCustomer() {
    const theirs = [...bubbles.querySelectorAll(".bubble:not(.ours)")];
    return Math.max(0, ...theirs.map((bubble) => Number(bubble.dataset.message)));
  }

  let said = 0;
  function readAll() {
    if (!open || document.hidden) return;
    const last = lastOfCustomer();
    if (last > said) here({ read: last });
    said = Math.max(said, last);
  }

  function here(fields) {
    const body = new URLSearchParams({ csrfmiddlewaretoken: token(), ...fields });
    return fetch(thread.dataset.here, { method: "POST", body }).catch(() => {});
  }

  if (!open) return;
  const hit = location.hash.startsWith("#m") && document.getElementById(location.hash.slice(1));
  if (hit) hit.scrollIntoView({ block: "center" });
  else thread.scrollTop = thread.scrollHeight;
  readAll();
  setInterval(() => document.hidden || here({}), 8000);

  const box = form.querySelector("textarea");
  const key = form.querySelector("[name=request_key]");
  let saving = 0;
  let isComposing = false;

  box.addEventListener("input", () => {
    clearTimeout(saving);
    saving = setTimeout(() => here({ draft: box.value, typing: "1" }), 600);
  });
  window.addEventListener("pagehide", () => {
    const body = new URLSearchParams({ csrfmiddlewaretoken: token(), draft: box.value });
    navigator.sendBeacon(thread.dataset.here, body);
  });
  box.addEventListener("compositionstart", () => (isComposing = true));
  box.addEventListener("compositionend", () => setTimeout(() => (isComposing = false)));
  box.addEventListener("keydown", (event) => {
    const isSyllable = event.isComposing || isComposing || event.keyCode === 229;
    if (event.key !== "Enter" || event.shiftKey || isSyllable) return;
    event.preventDefault();
    form.requestSubmit();
  });

  // Sending: the same press is the same message, however often it is sent.

  let isSending = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (isSending || !box.value.trim()) return;
    isSending = true;
    clearTimeout(saving);
    const text = box.value;
    const body = new URLSearchParams({ csrfmiddlewaretoken: token(), request_key: key.value, text });
    await post(form.action, body, {}, () => {
      if (box.value === text) box.value = "";
      key.value = newKey();
    });
    isSending = false;
    box.focus();
  });

  async function post(url, body, headers, done) {
    trouble.hidden = true;
    try {
      const answer = await fetch(url, { method: "POST", body, headers });
      const said = await answer.json();
      if (said.trouble) key.value = newKey();
      if (said.trouble || !answer.ok) return fail(said.trouble || form.dataset.lost);
      done();
      add(said.bubbles);
      thread.scrollTop = thread.scrollHeight;
    } catch {
      fail(form.dataset.lost);
    }
  }

  // What was not typed is a draft as well.
  function written() {
    box.dispatchEvent(new Event("input"));
    box.focus();
  }

  function fail(text) {
    trouble.textContent = text;
    trouble.hidden = false;
  }

  form.querySelector("input[type=file]").addEventListener("change", async (event) => {
    const [file] = event.target.files;
    event.target.value = "";
    if (!file) return;
    form.dataset.busy = "";
    await post(form.dataset.picture, file, { "X-CSRFToken": token(), "Content-Type": "application/octet-stream" }, () => {});
    delete form.dataset.busy;
  });

  document.addEventListener("click", async (event) => {
    const reply = event.target.closest("[data-reply]");
    const lacks = event.target.closest("[data-lacks]");
    const again = event.target.closest("[data-write-again]");
    const dismiss = event.target.closest("[data-dismiss]");
    const earlier = event.target.closest("[data-earlier]");
    if (lacks) fail(lacks.dataset.lacks);
    if (reply) {
      trouble.hidden = true;
      replies.open = false;
      box.setRangeText(reply.dataset.reply, box.selectionStart, box.selectionEnd, "end");
      written();
    }
    if (again) {
      const isUnknown = again.closest('[data-state="unknown"]');
      if (isUnknown && !window.confirm(form.dataset.again)) return;
      box.value = again.dataset.writeAgain;
      written();
    }
    if (dismiss) {
      await fetch(dismiss.dataset.dismiss, { method: "POST", body: new URLSearchParams({ csrfmiddlewaretoken: token() }) });
      ask();
    }
    if (earlier) {
      const first = bubbles.querySelector("[data-message]");
      const answer = await fetch(`${earlier.dataset.earlier}?before=${first.dataset.message}`);
      const { bubbles: older } = await answer.json();
      const height = thread.scrollHeight;
      older.reverse().forEach((each) => bubbles.insertAdjacentHTML("afterbegin", each.html));
      thread.scrollTop += thread.scrollHeight - height;
      if (older.length < 50) earlier.hidden = true;
    }
  });
})();
