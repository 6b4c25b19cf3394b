// Goes on asking for prices until none is missing: each turn the page says how far it is.
"use strict";

document.querySelectorAll("form[data-goes-on]").forEach((form) => form.requestSubmit());
