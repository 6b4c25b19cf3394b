// Reads codes with the camera. Says "camera:code" on the document with the text as detail.
"use strict";

(() => {
  const section = document.querySelector("[data-camera]");
  const opener = document.querySelector("[data-camera-open]");
  if (!section || !opener || !navigator.mediaDevices || !navigator.mediaDevices.getUserMedia) return;

  const EVERY = 150; // milliseconds between two looks
  const SAME_AGAIN = 4000; // the code that is still held there is not said again
  const PICTURE_WITHIN = 5000; // a camera that shows nothing for so long is given up
  const DARK = 24; // of 255: a picture without a lighter point is none
  const NOT_ALLOWED = ["NotAllowedError", "PermissionDeniedError", "SecurityError"];
  const video = section.querySelector("video");
  const notes = section.querySelectorAll("[data-camera-note]");
  const another = section.querySelector("[data-camera-next]");
  let visit = 0; // counts openings and closings: what an earlier one still waits for is dropped
  let stream = null;
  let current = ""; // the id of the camera that is open
  let tried = new Set(); // ids of cameras, since the button was pressed
  let last = { text: "", at: 0 };

  opener.hidden = false;
  if (window.matchMedia("(pointer: coarse)").matches) putFirst();
  opener.addEventListener("click", open);
  another.addEventListener("click", () => next(visit, ""));
  section.querySelector("[data-camera-close]").addEventListener("click", close);
  document.addEventListener("camera:close", close);
  window.addEventListener("pagehide", close);
  document.addEventListener("visibilitychange", () => document.hidden && close());

  // Where fingers are used, the camera comes before the keyboard.
  function putFirst() {
    opener.classList.remove("quiet");
    opener.form.prepend(opener.parentElement);
  }

  function open() {
    visit += 1;
    current = "";
    tried = new Set();
    section.hidden = false;
    opener.hidden = true;
    another.hidden = true;
    tell("hold");
    start(visit, "");
  }

  function close() {
    visit += 1;
    release();
    section.hidden = true;
    opener.hidden = false;
  }

  function fail(note) {
    close();
    section.hidden = false;
    another.hidden = true;
    tell(note);
  }

  function release() {
    if (stream) end(stream);
    stream = null;
    video.srcObject = null;
  }

  function end(ended) {
    ended.getTracks().forEach((track) => track.stop());
  }

  function tell(note) {
    notes.forEach((other) => { other.hidden = other.dataset.cameraNote !== note; });
    video.hidden = !["hold", "next"].includes(note);
    if (!video.hidden) section.scrollIntoView({ block: "nearest" });
  }

  async function start(mine, id) {
    release();
    const wanted = id ? { deviceId: { exact: id } } : { facingMode: "environment" };
    let got;
    try {
      got = await navigator.mediaDevices.getUserMedia({ video: { ...wanted, width: { ideal: 1280 } } });
    } catch (error) {
      if (mine !== visit) return;
      if (NOT_ALLOWED.includes(error.name)) return fail("denied");
      return next(mine, id ? "blank" : "failed");
    }
    if (mine !== visit) return end(got); // closed while it opened
    stream = got;
    show(mine, got);
  }

  async function show(mine, got) {
    const [track] = got.getVideoTracks();
    current = track.getSettings().deviceId || current;
    tried.add(current);
    track.addEventListener("ended", () => stream === got && next(mine, "failed"));
    video.srcObject = got;
    video.play().catch(() => {}); // a camera that does not play shows no picture
    cameras().then((ids) => { another.hidden = ids.length < 2 || stream !== got; });
    const since = performance.now();
    while (stream === got && !hasPicture()) {
      if (performance.now() - since > PICTURE_WITHIN) return next(mine, "blank");
      await wait(EVERY);
    }
    if (stream === got) look(got);
  }

  async function cameras() {
    const devices = await navigator.mediaDevices.enumerateDevices().catch(() => []);
    return devices.filter((device) => device.kind === "videoinput" && device.deviceId).map((device) => device.deviceId);
  }

  // `failure` says why the last camera is left; after the last of all it is told. Without one, a person asked.
  async function next(mine, failure) {
    release();
    const ids = await cameras();
    if (mine !== visit) return;
    if (!failure) tried = new Set();
    const place = ids.indexOf(current) + 1;
    const id = [...ids.slice(place), ...ids.slice(0, place)].find((other) => !tried.has(other));
    if (!id) return fail(failure || "failed");
    current = id;
    tried.add(id);
    tell(failure ? "next" : "hold");
    start(mine, id);
  }

  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 24;
  const pen = canvas.getContext("2d", { willReadFrequently: true });

  function hasPicture() {
    if (video.readyState < 2 || !video.videoWidth) return false;
    pen.drawImage(video, 0, 0, canvas.width, canvas.height);
    const { data } = pen.getImageData(0, 0, canvas.width, canvas.height);
    return data.some((value, index) => index % 4 !== 3 && value > DARK);
  }

  async function look(got) {
    let read;
    try {
      read = await window.codeDecoder.open(section.dataset.decoder);
      while (stream === got) {
        const [text] = await read(video);
        if (stream === got && text) say(text);
        await wait(EVERY);
      }
    } catch (error) {
      if (stream === got) fail("unread");
    }
  }

  function wait(milliseconds) {
    return new Promise((wake) => setTimeout(wake, milliseconds));
  }

  function say(text) {
    const now = Date.now();
    const again = text === last.text && now - last.at < SAME_AGAIN;
    last = { text, at: now };
    if (!again) document.dispatchEvent(new CustomEvent("camera:code", { detail: text }));
  }
})();
