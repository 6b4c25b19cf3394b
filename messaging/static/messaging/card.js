// Pictures of the safety card: each is sent as it is chosen, and what else is typed stays.
"use strict";

(() => {
  document.addEventListener("change", async (event) => {
    const input = event.target;
    const file = input.files?.[0];
    if (!file) return;
    input.disabled = true;
    if (input.dataset.picture) {
      const said = await window.takeawayUpload(input.dataset.picture, file);
      const holder = input.closest(".card-measure-form");
      if (said) {
        const picture = holder.querySelector("[data-shown]");
        picture.src = `${said.picture}?${Date.now()}`;
        picture.hidden = false;
        holder.querySelector("[type=checkbox]").checked = true;
      }
    } else if (input.dataset.test) {
      const form = input.closest("[data-test-form]");
      const query = new URLSearchParams({ day: form.querySelector("#test-day").value, note: form.querySelector("#test-note").value });
      const said = await window.takeawayUpload(`${input.dataset.test}?${query}`, file);
      if (said) document.querySelector("#tests").insertAdjacentHTML("afterbegin", said.html);
    }
    input.value = "";
    input.disabled = false;
  });

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-remove]");
    if (button && await window.takeawayUpload(button.dataset.remove, "")) button.closest("li").remove();
  });
})();
