// Reads codes in a picture that is chosen or pasted. The picture is read on this device and never sent.
// Says "camera:code" on the document, as the camera does.
"use strict";

(() => {
  const button = document.querySelector("[data-picture-open]");
  const section = document.querySelector("[data-camera]");
  if (!button || !section) return;

  const IS_FILE_NAME = /\.(png|jpe?g|gif|webp|bmp|heic|heif|avif)$/i;
  const input = document.querySelector("[data-picture]");
  const notes = document.querySelectorAll("[data-picture-note]");
  let turn = 0; // a picture chosen later takes over

  button.hidden = false;
  button.addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    const [file] = input.files;
    if (file) read(file);
    input.value = ""; // or the same picture could not be chosen again
  });
  document.addEventListener("paste", (event) => {
    const file = pictureIn(event.clipboardData);
    if (!file) return;
    event.preventDefault();
    read(file);
  });

  // A table copied from a spreadsheet brings a picture of itself: its text is what is meant.
  function pictureIn(data) {
    if (!data) return null;
    const text = data.getData("text").trim();
    if (text && !IS_FILE_NAME.test(text)) return null;
    return [...data.files].find((file) => file.type.startsWith("image/"));
  }

  async function read(file) {
    turn += 1;
    const mine = turn;
    tell("reading");
    const picture = await opened(file);
    if (mine !== turn) return;
    if (!picture) return tell("unreadable");
    const texts = await window.codeDecoder.readPicture(picture, section.dataset.decoder).catch(() => null);
    if (mine !== turn) return;
    if (!texts) return tell("broken");
    tell(texts.length ? "" : "none");
    if (texts.length) document.dispatchEvent(new CustomEvent("camera:code", { detail: texts.join(" ; ") }));
  }

  function tell(note) {
    notes.forEach((other) => { other.hidden = other.dataset.pictureNote !== note; });
  }

  async function opened(file) {
    try {
      return await window.createImageBitmap(file);
    } catch (error) {
      return throughElement(file); // an older browser, or a format that only an image element opens
    }
  }

  // As a data: address, because the content security policy allows no blob: pictures.
  function throughElement(file) {
    return new Promise((done) => {
      const reader = new FileReader();
      const image = new Image();
      image.onload = () => done(image.width ? image : null);
      image.onerror = reader.onerror = () => done(null);
      reader.onload = () => { image.src = reader.result; };
      reader.readAsDataURL(file);
    });
  }
})();
