// The chat: messages of all sides appear by themselves; Enter sends, but never while a syllable is being composed.
"use strict";

(() => {
  const page = document.querySelector("[data-news]");
  const bubbles = document.querySelector("#bubbles");
  const thread = document.querySelector("#thread");
  const form = document.querySelector(".talk-box");
  const box = form?.querySelector("textarea");
  const key = form?.querySelector("[name=request_key]");
  const replies = document.querySelector(".talk-replies");
  const trouble = document.querySelector("[data-trouble]");
  const open = page.dataset.open || "";
  const isPast = thread?.dataset.past !== undefined;
  let isSending = false;
  const token = () => document.querySelector("[name=csrfmiddlewaretoken]").value;
  const newKey = () => crypto.randomUUID().replaceAll("-", "");

  // What is new

  const renew = window.takeawayPulse(async () => {
    const query = new URLSearchParams({ cursor: page.dataset.cursor, list: page.dataset.list, open });
    if (form && !form.hidden) query.set("writable", "1");
    const headers = { "HX-Request": "true" };
    const answer = await fetch(`${page.dataset.news}?${query}`, { headers, signal: AbortSignal.timeout(10000) });
    if (answer.status === 200) take(await answer.json());
    return answer.status === 200 || (answer.status === 204 && !answer.headers.has("HX-Redirect"));
  });
  // Until then one can write: the server says that it is over, and why.
  document.addEventListener("over", (event) => event.target.closest("#talk-head") && renew());

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
    // Another tab has sent something: perhaps what stands here.
    if (!isSending && news.key !== key.value) here(box.value ? { draft: box.value } : {});
  }

  const isNearEnd = () => thread.scrollHeight - thread.scrollTop - thread.clientHeight < 80;
  const toEnd = () => (thread.scrollTop = thread.scrollHeight);

  // Each message stands once, at its place.
  function add(news) {
    const wasNearEnd = isNearEnd();
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
    if (wasNearEnd) toEnd();
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

  const signed = (fields) => new URLSearchParams({ csrfmiddlewaretoken: token(), request_key: key.value, ...fields });

  async function here(fields) {
    const body = signed(fields);
    try {
      const answer = await fetch(thread.dataset.here, { method: "POST", body });
      const { others, is_sent: isSent, key: next } = await answer.json();
      document.querySelector("#others").innerHTML = others;
      const isAsItWas = box.value === (fields.draft || "") && key.value === body.get("request_key");
      if (isSending || !isAsItWas) return;
      if (isSent) {
        box.value = "";
        trouble.hidden = true;
      }
      key.value = next;
    } catch {
      // The next sign of life comes in some seconds.
    }
  }

  if (!open) return;
  const hit = location.hash.startsWith("#m") && document.getElementById(location.hash.slice(1));
  if (hit) hit.scrollIntoView({ block: "center" });
  else toEnd();
  // A picture has its height only once it is there.
  let staysAtEnd = !hit;
  thread.addEventListener("scroll", () => (staysAtEnd = isNearEnd()));
  thread.addEventListener("load", () => staysAtEnd && toEnd(), true);
  readAll();
  setInterval(() => document.hidden || here({}), 8000);

  let saving = 0;
  let isComposing = false;

  box.addEventListener("input", () => {
    clearTimeout(saving);
    saving = setTimeout(() => here({ draft: box.value, typing: "1" }), 600);
  });
  window.addEventListener("pagehide", () => {
    navigator.sendBeacon(thread.dataset.here, signed({ draft: box.value, leaves: "1" }));
  });
  box.addEventListener("compositionstart", () => (isComposing = true));
  box.addEventListener("compositionend", () => setTimeout(() => (isComposing = false)));
  box.addEventListener("keydown", (event) => {
    const isSyllable = event.isComposing || isComposing || event.keyCode === 229;
    if (event.key !== "Enter" || event.shiftKey || isSyllable) return;
    event.preventDefault();
    form.requestSubmit();
  });

  // Sending: the same key is the same message, however often and from how many tabs it is sent.

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (isSending || !box.value.trim()) return;
    isSending = true;
    clearTimeout(saving);
    const text = box.value;
    const body = new URLSearchParams({ csrfmiddlewaretoken: token(), request_key: key.value, text });
    const said = await post(form.action, body, {}, form.dataset.lost);
    if (said?.key) key.value = said.key;
    if (said?.bubbles && box.value === text) box.value = "";
    isSending = false;
    box.focus();
  });

  // Returns what the server says, trouble too; null when its answer was lost.
  async function post(url, body, headers, lost) {
    trouble.hidden = true;
    try {
      const answer = await fetch(url, { method: "POST", body, headers });
      const said = await answer.json();
      if (said.trouble) {
        fail(said.trouble);
      } else {
        add(said.bubbles);
        toEnd();
      }
      return said;
    } catch {
      fail(lost);
      return null;
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

  // A picture that is chosen again after a lost answer is the same one.
  let lost = null;
  const nameOf = (file) => [file.name, file.size, file.lastModified].join();
  form.querySelector("input[type=file]").addEventListener("change", async (event) => {
    const [file] = event.target.files;
    event.target.value = "";
    if (!file) return;
    form.dataset.busy = "";
    if (lost?.name !== nameOf(file)) lost = { name: nameOf(file), key: newKey() };
    if (await sendPicture(form.dataset.picture, file, { "Idempotency-Key": lost.key })) lost = null;
    delete form.dataset.busy;
  });

  function sendPicture(url, body, headers) {
    const type = { "X-CSRFToken": token(), "Content-Type": "application/octet-stream" };
    return post(url, body, { ...type, ...headers }, form.dataset.lostPicture);
  }

  document.addEventListener("click", async (event) => {
    const reply = event.target.closest("[data-reply]");
    const lacks = event.target.closest("[data-lacks]");
    const again = event.target.closest("[data-write-again], [data-picture-again]");
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
      const { writeAgain, pictureAgain } = again.dataset;
      if (pictureAgain) {
        await sendPicture(`${form.dataset.picture}?again=${pictureAgain}`, "", {});
      } else {
        box.value = writeAgain;
        written();
      }
    }
    if (dismiss) {
      await fetch(dismiss.dataset.dismiss, { method: "POST", body: new URLSearchParams({ csrfmiddlewaretoken: token() }) });
      renew();
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
