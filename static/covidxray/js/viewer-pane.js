// One radiograph on its dark stage. Panzoom moves and enlarges it, CSS turns it, its samples are drawn through a window.
// Scale 1 fits the stage. What a person reads is screen pixels for each pixel of the original: 100 % is "1:1".
"use strict";

(() => {
  const MOST_PIXELS = 8;
  const STEP = 1.25;
  // base: which of the file's or the site's windows. shift, factor: of that window's width, how far its level is moved,
  // and how many times as wide it is. So pictures whose values have nothing in common can be changed together.
  const PLAIN = Object.freeze({ base: "first", shift: 0, factor: 1, inverted: false });
  const within = (value, least, most) => Math.min(Math.max(value, least), most);

  globalThis.ViewerPane = class {
    constructor(stage) {
      this.stage = stage;
      this.layer = stage.querySelector("[data-layer]");
      this.turned = stage.querySelector("[data-turn]");
      this.image = stage.querySelector("[data-image]");
      this.canvas = stage.querySelector("[data-canvas]");
      this.maps = [...stage.querySelectorAll("[data-map]")];
      this.lungs = stage.querySelector("[data-lungs]");
      this.width = Number(stage.dataset.width);
      this.height = Number(stage.dataset.height);
      this.tool = "move";
      [this.turn, this.isMirrored] = [0, false];
      [this.ruler, this.lens] = [new ViewerRuler(this), new ViewerLens(this)];
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
      this.stage.addEventListener("pointerup", () => { this.pressedAt = undefined; });
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
      return this.fitted * devicePixelRatio;
    }

    // CSS pixels for each pixel of the file, of the whole picture in its stage.
    get fitted() {
      const { clientWidth, clientHeight } = this.stage;
      const [across, down] = this.turn % 2 ? [this.height, this.width] : [this.width, this.height];
      return Math.min(clientWidth / across, clientHeight / down);
    }

    get screenPixels() { return this.fitted * this.panzoom.getScale(); }

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
      this.lens.draw();
      this.refine();
      this.tell("viewer:moved");
    }

    // --- turning ---

    // A quarter turns clockwise; mirrored along the screen's horizontal, whichever way the picture is turned.
    turnBy(quarters) {
      this.turn = (this.turn + quarters + 4) % 4;
      this.showTurn();
    }

    mirror() {
      this.turn = (4 - this.turn) % 4;
      this.isMirrored = !this.isMirrored;
      this.showTurn();
    }

    turnTo(turn, isMirrored) {
      [this.turn, this.isMirrored] = [turn, isMirrored];
      this.showTurn();
    }

    showTurn() {
      this.turned.dataset.turn = this.turn;
      this.turned.toggleAttribute("data-mirrored", this.isMirrored);
      this.stage.querySelector("[data-mirrored-note]").hidden = !this.isMirrored;
      this.moved();
    }

    // A distance on the screen as one in the picture, and a place on the stage as one in pixels of the file.
    turnedBack(right, down) {
      const [x, y] = [[right, down], [down, -right], [-right, -down], [-down, right]][this.turn];
      return { x: this.isMirrored ? -x : x, y };
    }

    pictureAt({ x, y }) {
      const { clientWidth, clientHeight } = this.stage;
      const place = this.place;
      const fromMiddle = this.turnedBack(
        (x - clientWidth / 2) / place.scale - place.x,
        (y - clientHeight / 2) / place.scale - place.y,
      );
      return { x: fromMiddle.x / this.fitted + this.width / 2, y: fromMiddle.y / this.fitted + this.height / 2 };
    }

    onStage(event) {
      const box = this.stage.getBoundingClientRect();
      return { x: event.clientX - box.left, y: event.clientY - box.top };
    }

    // --- the whole of the original, once more is asked for than the copy has ---

    async refine() {
      const { full, shownWidth } = this.stage.dataset;
      if (!full || this.detail || this.samples?.every === 1 || this.pixels <= Number(shownWidth) / this.width) return;
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

    // --- window and level ---

    get isPlain() { return this.look.base === "first" && this.look.shift === 0 && this.look.factor === 1; }
    get source() { return this.canvas.hidden ? this.image : this.canvas; }

    // The picture as the page came is that of the first window: only another one needs the file's own values.
    show(look) {
      this.look = { ...this.look, ...look };
      for (const picture of [this.image, this.canvas]) picture.style.filter = this.look.inverted ? "invert(1)" : "none";
      if (!this.isPlain) this.load();
      this.redraw();
    }

    showPlain() { this.show(PLAIN); }

    redraw() {
      this.frame ??= requestAnimationFrame(() => {
        this.frame = undefined;
        const isDrawn = Boolean(this.samples) && !this.isPlain;
        if (isDrawn) this.samples.draw(this.canvas, this.look);
        this.canvas.hidden = !isDrawn;
        this.image.classList.toggle("is-covered", isDrawn);
        this.lens.draw();
        this.tell("viewer:drawn");
      });
    }

    load() {
      this.loading ??= this.fetchSamples();
      return this.loading;
    }

    async fetchSamples() {
      this.setSamples("loading");
      try {
        this.samples = await ViewerSamples.fetched(this.stage.dataset.samples);
        this.setSamples(this.samples.every === 1 ? "own" : "means");
      } catch {
        this.samples = ViewerSamples.ofPicture(this.image);
        this.setSamples("picture");
      }
      if (this.ruler.isShown) this.ruler.tell();
      this.redraw();
    }

    setSamples(state) {
      this.samplesState = state;
      this.tell("viewer:samples");
    }

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

    use(tool) {
      this.tool = tool;
      this.ruler.show(tool === "ruler");
      this.lens.show(tool === "lens");
      if (tool === "window" || tool === "ruler") this.load();
      this.adapt();
    }

    // What a pointer does depends on the tool, and on whether there is something to move.
    adapt() {
      const moves = this.tool === "move" && this.isLarge;
      const cursor = this.tool !== "move" ? "crosshair" : moves ? "grab" : "default";
      // A picture that fits lets a finger scroll the page.
      const touchAction = this.tool !== "move" || moves ? "none" : "pan-y";
      this.panzoom.setOptions({ cursor, touchAction, disablePan: !moves, maxScale: this.most });
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
      if (this.tool === "move" || !event.isPrimary) return;
      this.stage.setPointerCapture(event.pointerId);
      this.pressedAt = { x: event.clientX, y: event.clientY, ...this.look };
      if (this.tool === "ruler") this.ruler.start(this.pictureAt(this.onStage(event)));
    }

    dragged(event) {
      if (this.tool === "lens") this.lens.move(this.onStage(event));
      if (!this.pressedAt || !this.stage.hasPointerCapture(event.pointerId)) return;
      if (this.tool === "ruler") this.ruler.place(1, this.pictureAt(this.onStage(event)));
      if (this.tool === "window") this.windowFrom(this.pressedAt, event);
    }

    // To the right is wider, up is brighter: as at a reporting workstation.
    windowFrom({ x, y, shift, factor }, event) {
      const up = (y - event.clientY) / 300;
      this.tell("viewer:window", {
        shift: shift + (this.look.inverted ? up : -up) * factor,
        factor: factor * 2 ** ((event.clientX - x) / 150),
      });
    }
  };
})();
