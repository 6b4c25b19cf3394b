// One worker for all tabs of a person asks whether anything is new: browsers slow the clocks of hidden tabs down, not its own.
"use strict";

const EVERY = 1500; // milliseconds
const ports = new Set();
let address = "";
let last = { seen: "", rings: 0, waiting: 0 };
let isRunning = false;

function tell(message) {
  ports.forEach((port) => port.postMessage(message));
}

async function ask() {
  let fresh = true;
  try {
    const query = new URLSearchParams({ seen: last.seen });
    const answer = await fetch(`${address}?${query}`, { headers: { "HX-Request": "true" }, signal: AbortSignal.timeout(10000) });
    if (answer.status === 200) last = await answer.json();
    else if (answer.status !== 204 || answer.headers.has("HX-Redirect")) fresh = false;
  } catch {
    fresh = false;
  }
  tell({ ...last, fresh });
  setTimeout(ask, EVERY);
}

self.onconnect = (event) => {
  const port = event.ports[0];
  ports.add(port);
  port.onmessage = (message) => {
    if (message.data.leaves) ports.delete(port);
    if (!message.data.address) return;
    address = message.data.address;
    if (isRunning) return port.postMessage({ ...last, fresh: true });
    isRunning = true;
    ask();
  };
};
