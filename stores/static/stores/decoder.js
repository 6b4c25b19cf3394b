// Reads QR codes and bar codes in a video or a picture, on this device. The browser's own BarcodeDetector where it
// works, else the vendored decoder, which is loaded when it is needed first. A look says how the picture is drawn:
// { pixels, turn, inverted, part }; the texts that it finds come as a list.
"use strict";

window.codeDecoder = (() => {
  const FORMATS = ["qr_code", "code_128"];
  const ANSWERS_WITHIN = 2000; // milliseconds: some detectors never answer
  const GIVES_UP = 3; // failures in a row after which the browser's own detector is not asked again
  const MOST = 5; // codes in one picture
  // Milliseconds: how long a picture is looked at, and for further codes once one is found.
  const PICTURE_WITHIN = 10000;
  const OTHERS_WITHIN = 1500;
  const SMALLEST = 0.4; // of a code that was found, is the smallest part in which another is looked for
  // The vendored decoder misses about one QR code in thirty that is held perfectly straight; turned a little it finds it.
  const TURNS = [0, 0.1, -0.25]; // radians
  const PARTS = [0, 0.25, 0.5].flatMap((top) => [[0, top, 0.6, 0.5], [0.4, top, 0.6, 0.5]]);

  // One after the other while the camera is open: each turn dark on light and light on dark.
  const CAMERA_LOOKS = [0, 1, 2, 3, 4, 5].map((look) => (
    { pixels: 500000, turn: TURNS[look % TURNS.length], inverted: look % 2 === 1 }
  ));
  const PLAIN_AND_INVERTED = [{ pixels: 4000000 }, { pixels: 4000000, inverted: true }];
  // Two codes confuse the decoder, so parts come early.
  const [STRAIGHT, ...TURNED] = TURNS.map((turn) => ({ pixels: 600000, turn }));
  const PARTLY = PARTS.map((part) => ({ pixels: 800000, part }));
  const PICTURE_LOOKS = [
    ...both([STRAIGHT]), ...PARTLY, ...both(TURNED), ...PARTLY.map((look) => ({ ...look, inverted: true })),
    ...both([2000000, 150000].flatMap((pixels) => TURNS.map((turn) => ({ pixels, turn })))),
  ];
  const OTHER_LOOKS = [400000, 1000000].flatMap((pixels) => TURNS.map((turn) => ({ pixels, turn })));

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

  // For a picture: looks in every way until something is found, but no longer than PICTURE_WITHIN.
  async function readPicture(picture, script) {
    const until = performance.now() + PICTURE_WITHIN;
    const own = await native();
    if (own) {
      for (const look of PLAIN_AND_INVERTED) {
        const texts = await own(picture, look).catch(() => []);
        if (texts.length) return texts;
      }
    }
    const read = await vendored(script);
    for (const look of PICTURE_LOOKS) {
      const found = await read.codes(picture, look);
      if (found.length) return readOthers(read, picture, look, found);
      if (performance.now() > until) return [];
      await pause();
    }
    return [];
  }

  // Several codes in one picture confuse the decoder, which may find one of them only. So it looks beside each code that
  // was found, for OTHERS_WITHIN: first once into each part, then turned and at another size.
  async function readOthers(read, picture, look, found) {
    const until = performance.now() + OTHERS_WITHIN;
    const texts = new Set(found.map((code) => code.text));
    const parts = beside([0, 0, 1, 1], found).filter((part) => read.shows(picture, part));
    for (const other of OTHER_LOOKS) {
      for (const part of parts) {
        if (performance.now() > until || texts.size >= MOST) return [...texts];
        const codes = await read.codes(picture, { ...other, part, inverted: look.inverted });
        codes.forEach((code) => texts.add(code.text));
        await pause();
      }
      if (texts.size > found.length) break;
    }
    return [...texts];
  }

  // The parts of a picture that are left and right of, above and below a code, the largest first.
  function beside(whole, found) {
    const [left, top, width, height] = whole;
    const [right, bottom] = [left + width, top + height];
    const parts = found.slice(0, 1).flatMap(({ box }) => [
      [left, top, box.left - left, height],
      [box.right, top, right - box.right, height],
      [left, top, width, box.top - top],
      [left, box.bottom, width, bottom - box.bottom],
    ].filter((part) => part[2] > SMALLEST * (box.right - box.left) && part[3] > SMALLEST * (box.bottom - box.top)));
    return parts.sort((one, other) => other[2] * other[3] - one[2] * one[3]);
  }

  // Lets the page answer meanwhile.
  function pause() {
    return new Promise((wake) => setTimeout(wake));
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
    const codes = async (source, look) => {
      const drawn = draw(canvas, source, look);
      const found = [];
      while (found.length < MOST) {
        const light = new ZXing.HTMLCanvasElementLuminanceSource(canvas);
        let code;
        try {
          code = reader.decode(new ZXing.BinaryBitmap(new ZXing.HybridBinarizer(light)), hints);
        } catch (error) {
          return found; // no further code in this picture
        }
        if (found.some((other) => other.text === code.getText())) return found;
        const points = code.getResultPoints().filter(Boolean).map((point) => [point.getX(), point.getY()]);
        found.push({ text: code.getText(), box: around(points.map(drawn.origin)) });
        cover(drawn.pen, around(points));
      }
      return found;
    };
    const read = async (source, look) => (await codes(source, look)).map((code) => code.text);
    return Object.assign(read, { codes, shows: (source, part) => shows(canvas, source, part) });
  }

  // The box around the points that the decoder found, with a margin: those of a QR code are the middles of its corners,
  // those of a bar code lie in one line.
  function around(points) {
    const [across, down] = [points.map((point) => point[0]), points.map((point) => point[1])];
    const [left, right, top, bottom] = [Math.min(...across), Math.max(...across), Math.min(...down), Math.max(...down)];
    const margin = Math.max(right - left, bottom - top) * 0.35;
    return { left: left - margin, right: right + margin, top: top - margin, bottom: bottom + margin };
  }

  // Whether a part of a picture has anything on it.
  function shows(canvas, source, part) {
    const { pen } = draw(canvas, source, { pixels: 4000, part });
    const { data } = pen.getImageData(20, 20, canvas.width - 40, canvas.height - 40);
    let [least, most] = [255, 0];
    for (let at = 0; at < data.length; at += 4) {
      least = Math.min(least, data[at + 1]);
      most = Math.max(most, data[at + 1]);
    }
    return most - least > 40;
  }

  // Hides a code that was read, so that the next one is found.
  function cover(pen, { left, right, top, bottom }) {
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.globalCompositeOperation = "source-over";
    pen.fillRect(left, top, right - left, bottom - top);
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
    // Where a point of the canvas lies in the picture, whose width and height are 1.
    const origin = ([x, y]) => {
      const [across, down] = [x - canvas.width / 2, y - canvas.height / 2];
      const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
      return [
        (left + ((across * cos + down * sin) / wide + 0.5) * width) / fullWidth,
        (top + ((down * cos - across * sin) / high + 0.5) * height) / fullHeight,
      ];
    };
    return { pen, origin };
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
