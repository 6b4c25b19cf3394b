// Asks whether anything is new. One worker does it for all tabs of a person: browsers slow the clocks of hidden tabs down, not its own.
// Where there are no shared workers, as on many phones, each page asks by itself with the same function.
"use strict";

// Returns a function that asks once and resolves to what is told: {seen, rings, waiting, fresh}.
self.takeawayAsker = (address) => {
  let last = { seen: "", rings: 0, waiting: 0, ticket: "" };

  function fetched(query, credentials) {
    return fetch(`${address}?${new URLSearchParams(query)}`, { headers: { "HX-Request": "true" }, credentials, signal: AbortSignal.timeout(10000) });
  }

  // With a ticket and without cookies the server need not look who asks.
  async function isUnchanged() {
    if (!last.ticket) return false;
    const answer = await fetched({ seen: last.seen, ticket: last.ticket }, "omit");
    return answer.status === 204 && !answer.headers.has("HX-Redirect");
  }

  return async () => {
    let fresh = true;
    try {
      if (!(await isUnchanged())) {
        const answer = await fetched({}, "same-origin");
        if (answer.status === 200) last = await answer.json();
        else fresh = false;
      }
    } catch {
      fresh = false;
    }
    return { ...last, fresh };
  };
};

self.takeawayAskEvery = 1500; // milliseconds

if (self.SharedWorkerGlobalScope) {
  const ports = new Set();
  let last = null;
  let isRunning = false;

  self.onconnect = (event) => {
    const port = event.ports[0];
    ports.add(port);
    port.onmessage = (message) => {
      if (message.data.leaves) ports.delete(port);
      if (!message.data.address) return;
      if (last) port.postMessage({ ...last, fresh: true });
      if (isRunning) return;
      isRunning = true;
      const ask = self.takeawayAsker(message.data.address);
      (async function again() {
        last = await ask();
        ports.forEach((each) => each.postMessage(last));
        setTimeout(again, self.takeawayAskEvery);
      })();
    };
  };
}
