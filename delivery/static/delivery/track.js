// The receiver's page where tiles are set: it renews itself in place, so that the map stays, and draws shop and rider.
"use strict";

(() => {
  const script = document.querySelector("script[data-map]");
  let drawn = null;
  let ahead = 0;
  let isOver = false;

  function load(tag, attributes) {
    return new Promise((resolve, reject) => {
      const made = Object.assign(document.createElement(tag), attributes);
      made.addEventListener("load", resolve);
      made.addEventListener("error", reject);
      document.head.append(made);
    });
  }

  let library = null;
  const loadOnce = () => library ||= Promise.all([
    load("link", { rel: "stylesheet", href: script.dataset.style }),
    load("script", { src: script.dataset.map }),
  ]);

  function named(text) {
    const made = document.createElement("span");
    made.textContent = text;
    return made;
  }

  function marker(map, place, name, text) {
    const radius = name === "rider" ? 9 : 7;
    return window.L.circleMarker(place, { radius, className: name, interactive: false })
      .bindTooltip(named(text), { permanent: true, direction: "top", offset: [0, -8] }).addTo(map);
  }

  function made(box, given) {
    const { L } = window;
    // With one finger a phone moves the page, not the map.
    const map = L.map(box, { attributionControl: false, zoomControl: false, scrollWheelZoom: false, dragging: !L.Browser.mobile });
    L.control.zoom({ zoomInTitle: box.dataset.closer, zoomOutTitle: box.dataset.farther }).addTo(map);
    map.fitBounds([given.shop, given.rider], { padding: [48, 48], maxZoom: 16 });
    // A server that has no tiles leaves an empty box: the sketch says the same.
    let hasTile = false;
    L.tileLayer(given.tiles, { maxZoom: 18, referrerPolicy: "no-referrer" })
      .on("tileload", () => { hasTile = true; })
      .on("tileerror", () => { if (!hasTile) box.parentElement.hidden = true; })
      .addTo(map);
    marker(map, given.shop, "shop", box.dataset.shop);
    return { box, map, rider: marker(map, given.rider, "rider", box.dataset.rider) };
  }

  async function draw() {
    const data = document.querySelector("#track-map-data");
    if (!data) return;
    const given = JSON.parse(data.textContent);
    await loadOnce();
    const box = document.querySelector("#track-map");
    if (!box || isOld(box.parentElement)) return;
    if (drawn && drawn.box === box) {
      drawn.rider.setLatLng(given.rider);
      if (!drawn.map.getBounds().contains(given.rider)) drawn.map.fitBounds([given.shop, given.rider], { padding: [48, 48], maxZoom: 16 });
      return;
    }
    box.parentElement.hidden = false;
    if (drawn) drawn.map.remove();
    drawn = made(box, given);
  }

  const isOld = (figure) => ahead + Date.now() / 1000 >= Number(figure.dataset.until);

  // Where nothing new comes, the rider's place must not stay.
  function tick() {
    document.querySelectorAll("[data-until]").forEach((figure) => { if (isOld(figure)) figure.remove(); });
  }

  function setClock(page) {
    const figure = page.querySelector("[data-now]");
    if (figure) ahead = Number(figure.dataset.now) - Date.now() / 1000;
  }

  async function renew() {
    if (document.hidden || isOver) return;
    const answer = await fetch(location.pathname, { cache: "no-store" }).catch(() => null);
    if (!answer) return;
    if (!answer.ok) {
      location.reload();
      return;
    }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    setClock(page);
    isOver = !page.querySelector("script[data-map]");
    const fresh = document.adoptNode(page.querySelector("main"));
    const box = fresh.querySelector("#track-map");
    if (box && drawn && drawn.box.isConnected) {
      // The map goes on: only its data are new.
      const wasHidden = drawn.box.parentElement.hidden;
      box.parentElement.hidden = wasHidden;
      box.replaceWith(drawn.box);
    }
    document.querySelector("main").replaceWith(fresh);
    tick();
    draw().catch(() => {});
  }

  setClock(document);
  draw().catch(() => {});
  setInterval(tick, 1000);
  setInterval(renew, Number(script.dataset.refresh) * 1000);
  document.addEventListener("visibilitychange", renew);
})();
