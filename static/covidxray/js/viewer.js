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
  const [baseChoice, level, width] = [part("base"), part("window-level"), part("window-width")];
  const TOOLS = ["window", "ruler", "lens"];
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

  const setLook = (change) => {
    for (const pane of acting()) pane.show(change);
    showLook();
  };

  // A higher level is darker, or where low values are bright brighter.
  const levelSign = () => (active.samples?.inverted ? -1 : 1);

  // A level and a width are told in the file's own values; a table has none until it is changed.
  const showLook = () => {
    const { base, shift, factor, inverted } = active.look;
    const known = [...baseChoice.options].some((option) => option.value === base);
    baseChoice.value = known ? base : "first";
    [level.value, width.value] = [100 * shift * levelSign(), Math.log2(factor) * 100];
    const found = active.samples?.window(active.look);
    const text = (name, value) => {
      const words = found ? String(Math.round(value)) : "";
      part(`window-${name}-text`).textContent = words;
      part(`window-${name}`).setAttribute("aria-valuetext", words || "–");
    };
    text("level", found?.level);
    text("width", found?.width);
    const now = part("window-now");
    now.hidden = active.isPlain || !found;
    if (found) now.textContent = now.dataset.pattern.replace("{level}", Math.round(found.level)).replace("{width}", Math.round(found.width));
    press("invert", inverted);
  };

  // The windows and tables of the file, once they are known, stand between what was shown first and the site's own.
  const showBases = () => {
    for (const option of baseChoice.querySelectorAll("[data-of-file]")) option.remove();
    const before = baseChoice.options[1];
    const { firstKey } = active.samples ?? {};
    baseChoice.querySelector("[value=auto]").hidden = firstKey === "auto";
    let number = 0;
    for (const [key, look] of active.samples?.looks ?? []) {
      number += 1;
      if (!key.startsWith("file-") || key === firstKey) continue;
      const words = baseChoice.dataset[look.kind].replace("{number}", number);
      const option = new Option(look.name ? `${words}: ${look.name}` : words, key);
      option.dataset.ofFile = "";
      before.before(option);
    }
  };

  const showSamples = () => {
    const state = active.samplesState ?? "";
    for (const line of viewer.querySelectorAll("[data-samples-text]")) line.hidden = line.dataset.samplesText !== state;
    showBases();
    showLook();
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

  const toolInUse = () => TOOLS.find(isPressed) ?? "move";

  const use = (tool) => {
    for (const name of TOOLS) press(name, name === tool);
    for (const pane of panes) pane.use(tool === "ruler" && pane !== active ? "move" : tool);
  };

  const toggle = (tool) => () => use(isPressed(tool) ? "move" : tool);

  const setPanel = (isOpen) => {
    part("panel").hidden = !isOpen;
    button("panel").setAttribute("aria-expanded", isOpen);
  };

  // An arrow does what dragging does with the tool in use.
  const arrow = (right, down) => () => {
    const tool = toolInUse();
    if (tool === "window") setLook(windowStep(right, down));
    else if (tool === "ruler") active.ruler.step(right * active.width * 0.01, down * active.width * 0.01);
    else if (tool === "lens") active.lens.step(right * 20, down * 20);
    else move((pane) => pane.panBy(right * 60, down * 60));
  };

  const finely = (right, down) => () => {
    if (toolInUse() === "ruler") active.ruler.step(right, down);
    else setLook(windowStep(right, down));
  };

  const windowStep = (right, down) => ({
    shift: active.look.shift + (active.look.inverted ? -down : down) * 0.05 * active.look.factor,
    factor: active.look.factor * 1.1 ** right,
  });

  const nextBase = () => {
    const options = [...baseChoice.options].filter((option) => !option.hidden);
    const place = (options.indexOf(baseChoice.selectedOptions[0]) + 1) % options.length;
    setLook({ base: options[place].value, shift: 0, factor: 1 });
  };

  const align = () => {
    if (together()) for (const pane of panes) if (pane !== active) pane.follow(active);
  };

  const turn = (change) => {
    for (const pane of acting()) change(pane);
    report();
  };

  // --- actions, by the name that buttons and keys give them ---

  const actions = {
    "zoom-in": () => move((pane) => pane.zoomBy(1)),
    "zoom-out": () => move((pane) => pane.zoomBy(-1)),
    fit: () => move((pane) => pane.fit()),
    "one-to-one": () => move((pane) => pane.pixelForPixel()),
    left: arrow(-1, 0),
    right: arrow(1, 0),
    up: arrow(0, -1),
    down: arrow(0, 1),
    "fine-left": finely(-1, 0),
    "fine-right": finely(1, 0),
    "fine-up": finely(0, -1),
    "fine-down": finely(0, 1),
    ...Object.fromEntries(TOOLS.map((tool) => [tool, toggle(tool)])),
    "other-end": () => toolInUse() === "ruler" && active.ruler.otherEnd(),
    "next-base": nextBase,
    panel: () => setPanel(part("panel").hidden),
    turn: () => turn((pane) => pane.turnBy(1)),
    "turn-back": () => turn((pane) => pane.turnBy(-1)),
    mirror: () => turn((pane) => pane.mirror()),
    invert: () => {
      setLook({ inverted: !active.look.inverted });
    },
    heat: () => setHeat(!heatShown?.checked, heatStrength?.value),
    "less-heat": () => setHeat(true, Number(heatStrength?.value) - 10),
    "more-heat": () => setHeat(true, Number(heatStrength?.value) + 10),
    lungs: () => setLungs(!lungsShown?.checked),
    together: () => {
      press("together", !isPressed("together"));
      if (!together()) return;
      for (const pane of panes) pane.turnTo(active.turn, active.isMirrored);
      setLook(active.look);
      align();
    },
    reset: () => {
      use("move");
      setHeat(heatByDefault, 50);
      setLungs(false);
      for (const pane of panes) {
        pane.showPlain();
        pane.turnTo(0, false);
        pane.fit();
      }
      showLook();
    },
    "full-screen": () => (document.fullscreenElement ? document.exitFullscreen() : viewer.requestFullscreen()),
    help: () => (part("help").open ? part("help").close() : part("help").showModal()),
  };

  // Single keys count only while the focus is inside the viewer (WCAG 2.1.4).
  const keys = {
    "+": "zoom-in", "=": "zoom-in", "-": "zoom-out", 0: "fit", 1: "one-to-one",
    ArrowLeft: "left", ArrowRight: "right", ArrowUp: "up", ArrowDown: "down",
    w: "window", d: "ruler", m: "lens", Enter: "other-end", v: "next-base", a: "panel",
    t: "turn", x: "mirror", i: "invert", h: "heat", l: "lungs", "[": "less-heat", "]": "more-heat",
    s: "together", r: "reset", f: "full-screen", "?": "help",
  };
  const shifted = {
    ArrowLeft: "fine-left", ArrowRight: "fine-right", ArrowUp: "fine-up", ArrowDown: "fine-down", T: "turn-back",
  };

  const keyNeedsButton = new Set(["together", "full-screen"]);

  const actionOf = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || part("help").open) return undefined;
    const isSlider = event.target.matches("input[type=range]") && !/^[a-z?+=[\]-]$/i.test(event.key);
    // A menu is chosen from by letters, and Enter presses a button.
    if (isSlider || event.target.matches("select") || (event.key === "Enter" && !event.target.matches("[data-stage]"))) return undefined;
    const name = (event.shiftKey && (shifted[event.key] || shifted[event.key.toUpperCase()])) || keys[event.key.toLowerCase()] || keys[event.key];
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
    if (toolInUse() === "ruler") use("ruler");
    showSamples();
    report();
  });
  viewer.addEventListener("viewer:moved", (event) => {
    if (event.detail.pane === active) align();
    report();
  });
  viewer.addEventListener("viewer:window", (event) => setLook({ shift: event.detail.shift, factor: event.detail.factor }));
  viewer.addEventListener("viewer:samples", (event) => event.detail.pane === active && showSamples());
  viewer.addEventListener("viewer:drawn", (event) => event.detail.pane === active && showLook());
  baseChoice.addEventListener("change", () => setLook({ base: baseChoice.value, shift: 0, factor: 1 }));
  level.addEventListener("input", () => setLook({ shift: (levelSign() * level.value) / 100 }));
  width.addEventListener("input", () => setLook({ factor: 2 ** (width.value / 100) }));
  heatShown?.addEventListener("change", showHeat);
  mapChoice?.addEventListener("change", showHeat);
  lungsShown?.addEventListener("change", showLungs);
  heatStrength?.addEventListener("input", showHeat);
  document.addEventListener("fullscreenchange", () => press("full-screen", Boolean(document.fullscreenElement)));

  for (const stage of viewer.querySelectorAll("[data-stage]")) stage.tabIndex = 0;
  if (!document.fullscreenEnabled) button("full-screen").remove();
  part("controls").hidden = false;
  press("together", true);
  setPanel(false);
  use("move");
  showLook();
  showHeat();
  report();
})();
