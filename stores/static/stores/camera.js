// Reads QR codes and bar codes with the camera. Says "camera:code" on the document with the text as detail.
// The browser's own BarcodeDetector where there is one, else the vendored decoder, loaded when the camera is opened.
"use strict";

(() => {
  const section = document.querySelector("[data-camera]");
  const opener = document.querySelector("[data-camera-open]");
  if (!section || !opener || !navigator.mediaDevices || !navigator.mediaDevices.getUserMedia) return;

  const FORMATS = ["qr_code", "code_128"];
  const EVERY = 150; // milliseconds between two looks
  const SAME_AGAIN = 4000; // the code that is still held there is not said again
  // The vendored decoder misses about one QR code in thirty that is held perfectly straight; turned a little it finds it.
  const TURNS = [0, 0.1, -0.25]; // radians, one after the other
  const video = section.querySelector("video");
  const hint = section.querySelector("[data-camera-hint]");
  const denied = section.querySelector("[data-camera-denied]");
  let stream = null;
  let last = { text: "", at: 0 };

  opener.hidden = false;
  opener.addEventListener("click", open);
  section.querySelector("[data-camera-close]").addEventListener("click", close);
  document.addEventListener("camera:close", close);
  window.addEventListener("pagehide", close);

  async function open() {
    section.hidden = false;
    opener.hidden = true;
    denied.hidden = true;
    hint.hidden = false;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 1280 } } });
      video.srcObject = stream;
      await video.play();
      look(await decoder());
    } catch (error) {
      hint.hidden = true;
      denied.hidden = false;
    }
  }

  function close() {
    if (stream) stream.getTracks().forEach((track) => track.stop());
    stream = null;
    video.srcObject = null;
    section.hidden = true;
    opener.hidden = false;
  }

  async function look(read) {
    while (stream) {
      const text = video.videoWidth ? await read() : "";
      if (stream && text) say(text);
      await new Promise((wake) => setTimeout(wake, EVERY));
    }
  }

  function say(text) {
    const now = Date.now();
    const again = text === last.text && now - last.at < SAME_AGAIN;
    last = { text, at: now };
    if (!again) document.dispatchEvent(new CustomEvent("camera:code", { detail: text }));
  }

  async function decoder() {
    if ("BarcodeDetector" in window) {
      const known = await window.BarcodeDetector.getSupportedFormats().catch(() => []);
      const formats = FORMATS.filter((format) => known.includes(format));
      if (formats.length === FORMATS.length) return native(new window.BarcodeDetector({ formats }));
    }
    await load(section.dataset.decoder);
    return vendored(window.ZXing);
  }

  function native(detector) {
    return async () => {
      const found = await detector.detect(video).catch(() => []);
      return found.length ? found[0].rawValue : "";
    };
  }

  function vendored(ZXing) {
    const hints = new Map([
      [ZXing.DecodeHintType.POSSIBLE_FORMATS, [ZXing.BarcodeFormat.QR_CODE, ZXing.BarcodeFormat.CODE_128]],
      [ZXing.DecodeHintType.TRY_HARDER, true],
    ]);
    const reader = new ZXing.MultiFormatReader();
    const canvas = document.createElement("canvas");
    const pen = canvas.getContext("2d", { willReadFrequently: true });
    let looks = 0;
    return async () => {
      const scale = Math.min(1, 800 / video.videoWidth);
      canvas.width = video.videoWidth * scale;
      canvas.height = video.videoHeight * scale;
      const { width, height } = canvas;
      pen.translate(width / 2, height / 2);
      pen.rotate(TURNS[looks++ % TURNS.length]);
      pen.drawImage(video, -width / 2, -height / 2, width, height);
      const source = new ZXing.HTMLCanvasElementLuminanceSource(canvas);
      try {
        return reader.decode(new ZXing.BinaryBitmap(new ZXing.HybridBinarizer(source)), hints).getText();
      } catch (error) {
        return ""; // no code in this picture
      }
    };
  }

  function load(source) {
    if (window.ZXing) return Promise.resolve();
    return new Promise((loaded, failed) => {
      const script = document.createElement("script");
      script.src = source;
      script.onload = loaded;
      script.onerror = failed;
      document.head.append(script);
    });
  }
})();
