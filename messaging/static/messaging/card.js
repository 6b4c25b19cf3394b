// Pictures of the safety card: each is sent as it is chosen, and what else is typed stays.
"use strict";

(() => {
  const trouble = document.querySelector("[data-trouble]");
  const token = () => document.querySelector("[name=csrfmiddlewaretoken]").value;

  async function post(url, body) {
    trouble.hidden = true;
    const headers = { "X-CSRFToken": token(), "Content-Type": "application/octet-stream" };
    try {
      const answer = await fetch(url, { method: "POST", body, headers });
      const said = await answer.json();
      if (answer.ok) return said;
      trouble.textContent = said.trouble;
    } catch (error) {
      trouble.textContent = String(error);
    }
    trouble.hidden = false;
    trouble.scrollIntoView({ block: "center" });
    return null;
  }

  document.addEventListener("change", async (event) => {
    const input = event.target;
    const file = input.files?.[0];
    if (!file) return;
    input.disabled = true;
    if (input.dataset.picture) {
      const said = await post(input.dataset.picture, file);
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
      const said = await post(`${input.dataset.test}?${query}`, file);
      if (said) document.querySelector("#tests").insertAdjacentHTML("afterbegin", said.html);
    }
    input.value = "";
    input.disabled = false;
  });

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-remove]");
    if (button && await post(button.dataset.remove, "")) button.closest("li").remove();
  });
})();
