// What happens at this store without this counter: the results of guests and colleagues appear in the list, the day's total
// goes on.
"use strict";

(() => {
  const EVERY = 1500; // milliseconds
  const today = document.querySelector("[data-today]");
  const list = document.querySelector("#scans");
  if (!today || !list) return;

  const standstill = document.querySelector("[data-standstill]");
  const keysOf = (cards) => [...cards].map((card) => card.dataset.scan).filter(Boolean);
  const seen = new Set(keysOf(list.querySelectorAll("[data-scan]")));
  let after = today.dataset.after;
  let misses = 0;

  async function ask() {
    try {
      const answer = await fetch(`${today.dataset.url}&after=${after}`, { headers: { "HX-Request": "true" }, signal: late(10000) });
      if (answer.status !== 200) throw new Error(answer.status);
      misses = 0;
      take(await answer.text());
    } catch {
      misses += 1;
    }
    // One answer may be lost; from the second on the list is old.
    standstill.hidden = misses < 2;
    setTimeout(ask, misses ? Math.min(misses * EVERY, 15000) : EVERY);
  }

  function late(milliseconds) {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), milliseconds);
    return controller.signal;
  }

  function take(html) {
    const holder = document.createElement("template");
    holder.innerHTML = html;
    const news = holder.content.querySelector("[data-live]");
    if (!news) return;
    turnDay(news.dataset);
    const total = news.querySelector("p").textContent;
    if (today.textContent !== total) today.textContent = total;
    keysOf(list.querySelectorAll("[data-scan]")).forEach((key) => seen.add(key));
    // While a scan of this counter has no answer, its row is not taken for a colleague's.
    const isSending = list.querySelector('[data-state="sending"]') !== null;
    const cards = [...news.querySelectorAll(".scan")].reverse();
    cards.filter((card) => !seen.has(card.dataset.scan) && !(isSending && "quiet" in card.dataset)).forEach(add);
    if (!isSending) after = news.dataset.after;
  }

  // The clerk's own last result stays first, large.
  function add(card) {
    seen.add(card.dataset.scan);
    const own = list.querySelector(":scope > .fresh");
    own ? own.after(card) : list.prepend(card);
    document.querySelector("[data-empty]").hidden = true;
    window.htmx.process(card);
    card.dispatchEvent(new CustomEvent("htmx:load", { bubbles: true, detail: { elt: card } }));
  }

  // At midnight what stands here becomes yesterday's.
  function turnDay(news) {
    if (news.day === today.dataset.day) return;
    if (list.querySelector(":scope > .scan")) {
      const divider = document.createElement("li");
      divider.className = "day";
      divider.textContent = today.dataset.dayLabel;
      list.prepend(divider);
    }
    today.dataset.day = news.day;
    today.dataset.dayLabel = news.dayLabel;
  }

  setTimeout(ask, EVERY);
})();
