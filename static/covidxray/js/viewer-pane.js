// One radiograph on its dark stage. Panzoom moves and enlarges it, CSS filters make it lighter or darker.
// Scale 1 fits the stage. What a person reads is screen pixels for each pixel of the original: 100 % is "1:1".
"use strict";

(() => {
  const MOST_PIXELS = 8;
  const STEP = 1.25;
  const PLAIN = Object.freeze({ brightness: 100, contrast: 100, inverted: false });
  const within = (value, least, most) => Math.min(Math.max(value, least), most);

  globalThis.ViewerPane = class {
    constructor(stage) {
      this.stage = stage;
      this.layer = stage.querySelector("[data-layer]");
      this.image = stage.querySelector("[data-image]");
      this.maps = [...stage.querySelectorAll("[data-map]")];
      this.lungs = stage.querySelector("[data-lungs]");
      this.width = Number(stage.dataset.width);
      this.height = Number(stage.dataset.height);
      this.drags = "picture";
      this.panzoom = Panzoom(this.layer, {
        contain: "outside",
        cursor: "default",
        handleStartEvent: (event) => event.preventDefault(),
        step: 1, // for pinching: once larger for 80 pixels between the fingers
        touchAction: "pan-y",
      });
      this.show(PLAIN);
      this.watch();
    }

    watch() {
      this.layer.addEventListener("panzoomchange", () => this.moved());
      this.stage.addEventListener("wheel", (event) => this.wheeled(event), { passive: false });
      this.stage.addEventListener("pointerdown", (event) => this.pressed(event));
      this.stage.addEventListener("pointermove", (event) => this.dragged(event));
      new ResizeObserver(() => this.moved()).observe(this.stage);
      this.image.addEventListener("error", () => this.missing());
      if (this.image.complete && !this.image.naturalWidth) this.missing();
      for (const map of this.maps) map.addEventListener("error", () => map.remove());
    }

    tell(name, detail = {}) {
      this.stage.dispatchEvent(new CustomEvent(name, { bubbles: true, detail: { pane: this, ...detail } }));
    }

    // --- place and size ---

    get place() {
      return { ...this.panzoom.getPan(), scale: this.panzoom.getScale() };
    }

    // Panzoom draws a frame late and goes by what is drawn: of two changes within a frame the second would be bounded
    // wrongly. So its current state is drawn before each change, and at once after it.
    change(action) {
      this.draw();
      action(this.panzoom);
      this.draw();
    }

    draw() {
      const { x, y, scale } = this.place;
      this.panzoom.setStyle("transform", `scale(${scale}) translate(${x}px, ${y}px)`);
    }

    get pixelsWhenFitted() {
      const { clientWidth, clientHeight } = this.stage;
      return Math.min(clientWidth / this.width, clientHeight / this.height) * devicePixelRatio;
    }

    // Panzoom's own arithmetic leaves a fitted picture at 1.0000000002.
    get isLarge() { return this.panzoom.getScale() > 1.001; }

    get pixels() {
      return this.panzoom.getScale() * this.pixelsWhenFitted;
    }

    get most() { return Math.max(1, MOST_PIXELS / this.pixelsWhenFitted); }

    zoomTo(wanted, point) {
      const scale = within(wanted, Math.min(1, 1 / this.pixelsWhenFitted), this.most);
      // Smaller than its stage the picture is in the middle; larger it always covers the stage.
      this.panzoom.setOptions({ contain: scale < 1 ? undefined : "outside", minScale: Math.min(1, scale), maxScale: this.most });
      if (point && scale > 1) this.change((picture) => picture.zoomToPoint(scale, point));
      else this.change((picture) => picture.zoom(scale));
      if (scale <= 1) this.change((picture) => picture.pan(0, 0, { force: true }));
      this.adapt();
    }

    zoomBy(steps, point) { this.zoomTo(this.panzoom.getScale() * STEP ** steps, point); }
    fit() { this.zoomTo(1); }
    pixelForPixel() { this.zoomTo(1 / this.pixelsWhenFitted); }

    panBy(right, down) {
      const scale = this.panzoom.getScale();
      if (this.isLarge) this.change((picture) => picture.pan(-right / scale, -down / scale, { relative: true }));
    }

    // Shows the same as another pane: the same part of the picture in the middle, equally large.
    follow(other) {
      const { x, y, scale } = other.place;
      const ratio = this.stage.clientWidth / other.stage.clientWidth;
      this.panzoom.setOptions(other.panzoom.getOptions().contain ? { contain: "outside" } : { contain: undefined, minScale: Math.min(1, scale) });
      this.panzoom.setOptions({ maxScale: Math.max(scale, this.most) });
      this.change((picture) => picture.zoom(scale, { silent: true }));
      this.change((picture) => picture.pan(x * ratio, y * ratio, { silent: true, force: true }));
      this.adapt();
      this.refine();
    }

    // Panzoom tells of a change a frame late: where the picture is now counts, not where the event says it was.
    moved() {
      this.adapt();
      if (this.isLarge) {
        const { x, y } = this.place;
        this.panzoom.setOptions({ contain: "outside" });
        this.change((picture) => picture.pan(x, y)); // back inside where it has left the stage
      }
      this.refine();
      this.tell("viewer:moved");
    }

    // --- the whole of the original, once more is asked for than the copy has ---

    async refine() {
      const { full, shownWidth } = this.stage.dataset;
      if (!full || this.detail || this.pixels <= Number(shownWidth) / this.width) return;
      this.setDetail("loading");
      const picture = this.image.cloneNode();
      picture.src = full;
      try {
        await picture.decode();
        this.image.replaceWith(picture);
        this.image = picture;
        this.show({});
        this.setDetail("full");
      } catch {
        this.setDetail("failed");
      }
    }

    setDetail(detail) {
      this.detail = detail;
      this.stage.dataset.detail = detail;
      this.tell("viewer:moved");
    }

    missing() {
      this.image.hidden = true;
      this.stage.querySelector("[data-missing]").hidden = false;
    }

    // --- light ---

    show(look) {
      this.look = { ...this.look, ...look };
      const { brightness, contrast, inverted } = this.look;
      this.image.style.filter = `brightness(${brightness}%) contrast(${contrast}%) invert(${inverted ? 1 : 0})`;
    }

    showPlain() { this.show(PLAIN); }

    // `name` is that of the map to show; a radiograph that lacks it shows its only one.
    fadeMap(name, opacity) {
      const wanted = this.maps.find((map) => map.dataset.map === name) || this.maps.at(-1);
      for (const map of this.maps) {
        map.hidden = !name || map !== wanted;
        map.style.opacity = opacity;
      }
    }

    outlineLungs(shown) {
      if (this.lungs) this.lungs.toggleAttribute("hidden", !shown);
    }

    // --- pointer ---

    set windowed(isWindowed) {
      this.drags = isWindowed ? "light" : "picture";
      this.adapt();
    }

    // What a pointer does depends on whether there is something to move.
    adapt() {
      const isLight = this.drags === "light";
      const cursor = isLight ? "crosshair" : this.isLarge ? "grab" : "default";
      // A picture that fits lets a finger scroll the page.
      const touchAction = isLight || this.isLarge ? "none" : "pan-y";
      this.panzoom.setOptions({ cursor, touchAction, disablePan: isLight || !this.isLarge, maxScale: this.most });
    }

    wheeled(event) {
      const isOut = event.deltaY > 0;
      if (isOut && !this.isLarge && !event.ctrlKey) return; // the page scrolls on
      event.preventDefault();
      const notches = Math.min(Math.abs(event.deltaY) / (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 3 : 100), 1);
      this.zoomBy(isOut ? -notches : notches, event);
    }

    pressed(event) {
      this.stage.focus({ preventScroll: true });
      if (this.drags !== "light" || !event.isPrimary) return;
      this.stage.setPointerCapture(event.pointerId);
      this.pressedAt = { x: event.clientX, y: event.clientY, ...this.look };
    }

    dragged(event) {
      if (!this.pressedAt || !this.stage.hasPointerCapture(event.pointerId)) return;
      const { x, y, brightness, contrast } = this.pressedAt;
      this.tell("viewer:light", {
        brightness: brightness + (y - event.clientY) / 2,
        contrast: contrast + (event.clientX - x) / 2,
      });
    }
  };
})();
