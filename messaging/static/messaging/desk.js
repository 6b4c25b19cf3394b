// The order desk: renewed when something is new.
"use strict";

(() => {
  const desk = document.querySelector("#desk");
  if (!desk) return;

  const renew = window.takeawayPulse(() => new Promise((resolve) => {
    desk.addEventListener("htmx:afterRequest", function ended(event) {
      // The buttons on the desk have requests of their own.
      if (event.detail.elt !== desk) return;
      desk.removeEventListener("htmx:afterRequest", ended);
      resolve(event.detail.successful === true);
    });
    window.htmx.trigger(desk, "stale");
  }));

  // What is over is said otherwise, though nothing has changed.
  document.addEventListener("over", () => {
    desk.querySelector("[name=after]").value = "";
    renew();
  });
})();
