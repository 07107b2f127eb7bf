// The controls of the viewer: buttons, sliders and keys act on one radiograph, or on two side by side.
// Without this script the pictures are shown as they are, with the heat map next to the radiograph.
"use strict";

(() => {
  const viewer = document.querySelector("[data-viewer]");
  const part = (name) => viewer.querySelector(`[data-${name}]`);
  const button = (action) => viewer.querySelector(`button[data-action="${action}"]`);
  const isPressed = (action) => button(action)?.getAttribute("aria-pressed") === "true";
  const press = (action, pressed) => button(action)?.setAttribute("aria-pressed", pressed);

  const panes = [...viewer.querySelectorAll("[data-stage]")].map((stage) => new ViewerPane(stage));
  const [heatShown, heatStrength] = [part("shown"), part("strength")];
  const sliders = { brightness: part("brightness"), contrast: part("contrast") };
  const [mapChoice, lungsShown] = [part("map-choice"), part("lungs-shown")];
  const heatByDefault = heatShown?.checked;
  let active = panes[0];

  const together = () => panes.length > 1 && isPressed("together");
  const acting = () => (together() ? panes : [active]);

  // --- what is shown ---

  const move = (change) => {
    change(active);
    report();
  };

  const report = () => {
    part("zoom").textContent = `${Math.round(active.pixels * 100)} %`;
    const detail = active.stage.dataset.full ? active.detail || "reduced" : "full";
    for (const line of viewer.querySelectorAll("[data-detail-text]")) line.hidden = line.dataset.detailText !== detail;
  };

  const setLight = (change) => {
    for (const [name, slider] of Object.entries(sliders)) if (name in change) slider.value = change[name];
    const look = { brightness: Number(sliders.brightness.value), contrast: Number(sliders.contrast.value) };
    for (const pane of acting()) pane.show(look);
    showLight();
  };

  const showLight = () => {
    for (const [name, slider] of Object.entries(sliders)) {
      slider.value = active.look[name];
      part(`${name}-text`).textContent = `${Math.round(active.look[name])} %`;
    }
    press("invert", active.look.inverted);
  };

  const showHeat = () => {
    if (!heatShown) return;
    const map = mapChoice?.value || "covid";
    for (const pane of panes) pane.fadeMap(heatShown.checked && map, heatStrength.value / 100);
    for (const text of viewer.querySelectorAll("[data-map-text]")) text.hidden = text.dataset.mapText !== map;
    heatStrength.disabled = !heatShown.checked;
    part("strength-text").textContent = `${heatStrength.value} %`;
  };

  const setHeat = (shown, strength) => {
    if (!heatShown) return;
    heatShown.checked = shown;
    heatStrength.value = strength;
    showHeat();
  };

  const showLungs = () => {
    for (const pane of panes) pane.outlineLungs(lungsShown?.checked);
  };

  const setLungs = (shown) => {
    if (!lungsShown) return;
    lungsShown.checked = shown;
    showLungs();
  };

  const setWindowed = (isWindowed) => {
    press("window", isWindowed);
    for (const pane of panes) pane.windowed = isWindowed;
  };

  const align = () => {
    if (together()) for (const pane of panes) if (pane !== active) pane.follow(active);
  };

  // --- actions, by the name that buttons and keys give them ---

  const light = (name, step) => () => setLight({ [name]: active.look[name] + step });
  const actions = {
    "zoom-in": () => move((pane) => pane.zoomBy(1)),
    "zoom-out": () => move((pane) => pane.zoomBy(-1)),
    fit: () => move((pane) => pane.fit()),
    "one-to-one": () => move((pane) => pane.pixelForPixel()),
    left: () => move((pane) => pane.panBy(-60, 0)),
    right: () => move((pane) => pane.panBy(60, 0)),
    up: () => move((pane) => pane.panBy(0, -60)),
    down: () => move((pane) => pane.panBy(0, 60)),
    window: () => setWindowed(!isPressed("window")),
    brighter: light("brightness", 10),
    darker: light("brightness", -10),
    "more-contrast": light("contrast", 10),
    "less-contrast": light("contrast", -10),
    invert: () => {
      const inverted = !active.look.inverted;
      for (const pane of acting()) pane.show({ inverted });
      showLight();
    },
    heat: () => setHeat(!heatShown?.checked, heatStrength?.value),
    "less-heat": () => setHeat(true, Number(heatStrength?.value) - 10),
    "more-heat": () => setHeat(true, Number(heatStrength?.value) + 10),
    lungs: () => setLungs(!lungsShown?.checked),
    together: () => {
      press("together", !isPressed("together"));
      align();
    },
    reset: () => {
      setWindowed(false);
      setHeat(heatByDefault, 50);
      setLungs(false);
      for (const pane of panes) {
        pane.showPlain();
        pane.fit();
      }
      showLight();
    },
    "full-screen": () => (document.fullscreenElement ? document.exitFullscreen() : viewer.requestFullscreen()),
    help: () => (part("help").open ? part("help").close() : part("help").showModal()),
  };

  // Single keys count only while the focus is inside the viewer (WCAG 2.1.4).
  const keys = {
    "+": "zoom-in", "=": "zoom-in", "-": "zoom-out", 0: "fit", 1: "one-to-one",
    ArrowLeft: "left", ArrowRight: "right", ArrowUp: "up", ArrowDown: "down",
    w: "window", i: "invert", h: "heat", l: "lungs", "[": "less-heat", "]": "more-heat",
    s: "together", r: "reset", f: "full-screen", "?": "help",
  };
  const shifted = { ArrowLeft: "less-contrast", ArrowRight: "more-contrast", ArrowUp: "brighter", ArrowDown: "darker" };

  const keyNeedsButton = new Set(["together", "full-screen"]);

  const actionOf = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || part("help").open) return undefined;
    const isSliders = event.target.matches("input[type=range]") && !/^[a-z?+=[\]-]$/i.test(event.key);
    if (isSliders) return undefined;
    const name = (event.shiftKey && shifted[event.key]) || keys[event.key.toLowerCase()] || keys[event.key];
    return name && (!keyNeedsButton.has(name) || button(name)) ? name : undefined;
  };
  // --- wiring ---

  viewer.addEventListener("keydown", (event) => {
    const name = actionOf(event);
    if (!name) return;
    event.preventDefault();
    actions[name]();
  });
  viewer.addEventListener("click", (event) => {
    const pressed = event.target.closest("button[data-action]");
    if (pressed) actions[pressed.dataset.action]();
  });
  viewer.addEventListener("focusin", (event) => {
    const pane = panes.find((one) => one.stage === event.target);
    if (!pane || pane === active) return;
    active = pane;
    showLight();
    report();
  });
  viewer.addEventListener("viewer:moved", (event) => {
    if (event.detail.pane === active) align();
    report();
  });
  viewer.addEventListener("viewer:light", (event) => setLight(event.detail));
  for (const slider of Object.values(sliders)) slider.addEventListener("input", () => setLight({}));
  heatShown?.addEventListener("change", showHeat);
  mapChoice?.addEventListener("change", showHeat);
  lungsShown?.addEventListener("change", showLungs);
  heatStrength?.addEventListener("input", showHeat);
  document.addEventListener("fullscreenchange", () => press("full-screen", Boolean(document.fullscreenElement)));

  for (const stage of viewer.querySelectorAll("[data-stage]")) stage.tabIndex = 0;
  if (!document.fullscreenEnabled) button("full-screen").remove();
  part("controls").hidden = false;
  setWindowed(false);
  showLight();
  showHeat();
  report();
})();
