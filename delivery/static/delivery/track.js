// The receiver's page where tiles are set: it renews itself in place, so that the map stays, and draws shop and rider.
"use strict";

(() => {
  const script = document.querySelector("script[data-map]");
  let drawn = null;
  let ahead = 0;
  let isOver = false;
  let isAsking = false;

  function load(tag, attributes) {
    return new Promise((resolve, reject) => {
      const element = Object.assign(document.createElement(tag), attributes);
      element.addEventListener("load", resolve);
      element.addEventListener("error", reject);
      document.head.append(element);
    });
  }

  let library = null;
  function loadOnce() {
    library ||= Promise.all([
      load("link", { rel: "stylesheet", href: script.dataset.style }),
      load("script", { src: script.dataset.map }),
    ]).catch((error) => {
      library = null;
      throw error;
    });
    return library;
  }

  function named(text) {
    const label = document.createElement("span");
    label.textContent = text;
    return label;
  }

  function marker(map, place, name, text) {
    const radius = name === "rider" ? 9 : 7;
    return window.L.circleMarker(place, { radius, className: name, interactive: false })
      .bindTooltip(named(text), { permanent: true, direction: "top", offset: [0, -8] }).addTo(map);
  }

  function fit(map, given) {
    map.fitBounds([given.shop, given.rider], { padding: [48, 48], maxZoom: 16 });
  }

  function mapIn(box, given) {
    const { L } = window;
    // With one finger a phone moves the page, not the map.
    const map = L.map(box, { attributionControl: false, zoomControl: false, scrollWheelZoom: false, dragging: !L.Browser.mobile });
    L.control.zoom({ zoomInTitle: box.dataset.closer, zoomOutTitle: box.dataset.farther }).addTo(map);
    fit(map, given);
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
    if (drawn) {
      drawn.rider.setLatLng(given.rider);
      if (!drawn.map.getBounds().contains(given.rider)) fit(drawn.map, given);
      return;
    }
    box.parentElement.hidden = false;
    drawn = mapIn(box, given);
  }

  // A map that has left the page would go on listening to the window.
  function forget() {
    if (!drawn || drawn.box.isConnected) return;
    drawn.map.remove();
    drawn = null;
  }

  const isOld = (figure) => ahead + Date.now() / 1000 >= Number(figure.dataset.until);

  // Where nothing new comes, the rider's place must not stay.
  function tick() {
    document.querySelectorAll("[data-until]").forEach((figure) => { if (isOld(figure)) figure.remove(); });
    forget();
  }

  function setClock(page) {
    const figure = page.querySelector("[data-now]");
    if (figure) ahead = Number(figure.dataset.now) - Date.now() / 1000;
  }

  // Returns the page as it is now; null while the server cannot say it.
  async function asked() {
    const answer = await fetch(location.pathname, { cache: "no-store" });
    if (answer.ok) return new DOMParser().parseFromString(await answer.text(), "text/html");
    if (answer.status < 500) location.reload();
    return null;
  }

  // Who goes through the page by keyboard stays at the same link.
  function refocus(link) {
    const address = link.getAttribute("href");
    const links = [...document.querySelectorAll("main [href]")];
    const same = link.isConnected ? link : links.find((each) => each.getAttribute("href") === address);
    same?.focus({ preventScroll: true });
  }

  function show(page) {
    setClock(page);
    isOver = !page.querySelector("script[data-map]");
    const fresh = document.adoptNode(page.querySelector("main"));
    const link = document.activeElement?.closest("main [href]");
    const box = fresh.querySelector("#track-map");
    if (box && drawn) {
      // The map goes on: only its data are new.
      box.parentElement.hidden = drawn.box.parentElement.hidden;
      box.replaceWith(drawn.box);
    }
    document.querySelector("main").replaceWith(fresh);
    if (link) refocus(link);
    tick();
    draw().catch(() => {});
  }

  async function renew() {
    if (document.hidden || isOver || isAsking) return;
    isAsking = true;
    try {
      const page = await asked();
      if (page) show(page);
    } catch {
      // Without a connection the next turn asks again.
    } finally {
      isAsking = false;
    }
  }

  setClock(document);
  draw().catch(() => {});
  setInterval(tick, 1000);
  setInterval(renew, Number(script.dataset.refresh) * 1000);
  document.addEventListener("visibilitychange", renew);
})();
