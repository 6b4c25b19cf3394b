// A page of the back office that shows what Meituan is being told: renewed when that has changed.
"use strict";

(() => {
  const place = document.querySelector("[data-sending]");
  if (!place) return;

  window.takeawayPulse(async () => {
    const answer = await fetch(location.href, { signal: AbortSignal.timeout(10000) });
    if (answer.status >= 500 || answer.redirected) return false;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const sending = page.querySelector("[data-sending]");
    if (!sending || sending.dataset.sending !== place.dataset.sending) location.reload();
    return true;
  });
})();
