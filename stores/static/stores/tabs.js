// Tabs scroll in their own strip, and the open one is in view.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll(".tabs [aria-current], .zg-tabs [aria-current], #tabs-items > .active").forEach((open) => {
    const strip = open.parentElement;
    strip.scrollLeft = open.offsetLeft - strip.offsetLeft - (strip.clientWidth - open.offsetWidth) / 2;
  });
});
