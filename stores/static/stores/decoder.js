// Reads QR codes and bar codes in a video or a picture, on this device. The browser's own BarcodeDetector where it
// works, else the vendored decoder, which is loaded when it is needed first. A look says how the picture is drawn:
// { pixels, turn, inverted, part }; the texts that it finds come as a list.
"use strict";

window.codeDecoder = (() => {
  const FORMATS = ["qr_code", "code_128"];
  const ANSWERS_WITHIN = 2000; // milliseconds: some detectors never answer
  const GIVES_UP = 3; // failures in a row after which the browser's own detector is not asked again
  const MOST = 5; // codes in one picture
  // The vendored decoder misses about one QR code in thirty that is held perfectly straight; turned a little it finds it.
  const TURNS = [0, 0.1, -0.25]; // radians
  const PARTS = [0, 0.25, 0.5].flatMap((top) => [[0, top, 0.6, 0.5], [0.4, top, 0.6, 0.5]]);

  // One after the other while the camera is open: each turn dark on light and light on dark.
  const CAMERA_LOOKS = [0, 1, 2, 3, 4, 5].map((look) => (
    { pixels: 500000, turn: TURNS[look % TURNS.length], inverted: look % 2 === 1 }
  ));
  const PLAIN_AND_INVERTED = [{ pixels: 4000000 }, { pixels: 4000000, inverted: true }];
  const PICTURE_LOOKS = both([
    ...TURNS.map((turn) => ({ pixels: 600000, turn })),
    ...PARTS.map((part) => ({ pixels: 800000, part })),
    ...[2000000, 150000].flatMap((pixels) => TURNS.map((turn) => ({ pixels, turn }))),
  ]);

  function both(looks) {
    return looks.flatMap((look) => [look, { ...look, inverted: true }]);
  }

  // For a video: returns a function that looks once, each time in another way.
  async function open(script) {
    let read = (await native()) || (await vendored(script));
    let failures = 0;
    let looks = 0;
    return async (source) => {
      try {
        const texts = await read(source, CAMERA_LOOKS[looks++ % CAMERA_LOOKS.length]);
        failures = 0;
        return texts;
      } catch (error) {
        failures += 1;
        if (failures === GIVES_UP) read = await vendored(script);
        return [];
      }
    };
  }

  // For a picture: looks in every way until something is found.
  async function readPicture(picture, script) {
    const own = await native();
    if (own) {
      for (const look of PLAIN_AND_INVERTED) {
        const texts = await own(picture, look).catch(() => []);
        if (texts.length) return texts;
      }
    }
    const read = await vendored(script);
    for (const look of PICTURE_LOOKS) {
      const texts = await read(picture, look);
      if (texts.length) return readOthers(read, picture, look, texts);
      await new Promise((wake) => setTimeout(wake)); // lets the page answer meanwhile
    }
    return [];
  }

  // Several codes in one picture: the decoder finds none of them in the whole picture, or misses a straight one.
  async function readOthers(read, picture, look, texts) {
    const parts = look.part ? PARTS : [undefined];
    const looks = parts.flatMap((part) => TURNS.map((turn) => ({ ...look, part, turn })));
    const others = await Promise.all(looks.map((other) => read(picture, other)));
    return [...new Set([...texts, ...others.flat()])];
  }

  async function native() {
    try {
      const known = await soon(window.BarcodeDetector.getSupportedFormats());
      if (!FORMATS.every((format) => known.includes(format))) return null;
      const detector = new window.BarcodeDetector({ formats: FORMATS });
      const canvas = document.createElement("canvas");
      return async (source, look) => {
        if (look.inverted) draw(canvas, source, { ...look, turn: 0 });
        const found = await soon(detector.detect(look.inverted ? canvas : source));
        return [...new Set(found.map((code) => code.rawValue).filter(Boolean))];
      };
    } catch (error) {
      return null; // no detector, or one without getSupportedFormats
    }
  }

  function soon(promise) {
    return Promise.race([
      promise,
      new Promise((_, reject) => setTimeout(() => reject(new Error("no answer")), ANSWERS_WITHIN)),
    ]);
  }

  async function vendored(script) {
    await load(script);
    const ZXing = window.ZXing;
    const hints = new Map([
      [ZXing.DecodeHintType.POSSIBLE_FORMATS, [ZXing.BarcodeFormat.QR_CODE, ZXing.BarcodeFormat.CODE_128]],
      [ZXing.DecodeHintType.TRY_HARDER, true],
    ]);
    const reader = new ZXing.MultiFormatReader();
    const canvas = document.createElement("canvas");
    return async (source, look) => {
      const pen = draw(canvas, source, look);
      const texts = [];
      while (texts.length < MOST) {
        const light = new ZXing.HTMLCanvasElementLuminanceSource(canvas);
        let found;
        try {
          found = reader.decode(new ZXing.BinaryBitmap(new ZXing.HybridBinarizer(light)), hints);
        } catch (error) {
          return texts; // no further code in this picture
        }
        if (texts.includes(found.getText())) return texts;
        texts.push(found.getText());
        cover(pen, found.getResultPoints().filter(Boolean));
      }
      return texts;
    };
  }

  // Hides a code that was read, so that the next one is found. The points of a bar code lie in one line.
  function cover(pen, points) {
    const across = points.map((point) => point.getX());
    const down = points.map((point) => point.getY());
    const [left, top] = [Math.min(...across), Math.min(...down)];
    const [width, height] = [Math.max(...across) - left, Math.max(...down) - top];
    const margin = Math.max(width, height) * 0.35;
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.globalCompositeOperation = "source-over";
    pen.fillRect(left - margin, top - margin, width + 2 * margin, height + 2 * margin);
  }

  // On white, with a margin: a code cut close to its edge is found, and so is one on a transparent ground.
  function draw(canvas, source, { pixels, turn = 0, inverted = false, part = [0, 0, 1, 1] }) {
    const [fullWidth, fullHeight] = [source.videoWidth || source.width, source.videoHeight || source.height];
    const [left, top] = [fullWidth * part[0], fullHeight * part[1]];
    const [width, height] = [fullWidth * part[2], fullHeight * part[3]];
    const scale = Math.min(3, Math.sqrt(pixels / (width * height)));
    const [wide, high] = [Math.ceil(width * scale), Math.ceil(height * scale)];
    canvas.width = wide + 40;
    canvas.height = high + 40;
    const pen = canvas.getContext("2d", { willReadFrequently: true });
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.translate(canvas.width / 2, canvas.height / 2);
    pen.rotate(turn);
    pen.drawImage(source, left, top, width, height, -wide / 2, -high / 2, wide, high);
    pen.globalCompositeOperation = "difference"; // white minus the picture
    if (inverted) pen.fillRect(-wide / 2, -high / 2, wide, high);
    return pen;
  }

  function load(source) {
    if (window.ZXing) return Promise.resolve();
    return new Promise((loaded, failed) => {
      const script = document.createElement("script");
      script.src = source;
      script.onload = loaded;
      script.onerror = () => failed(new Error("the decoder was not loaded"));
      document.head.append(script);
    });
  }

  return { open, readPicture };
})();
