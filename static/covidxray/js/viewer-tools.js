// What lies over a radiograph on its stage: the ruler, which turns with the picture, and the magnifier, which does not.
"use strict";

(() => {
  const LENS_SIDE = 220;
  const LENS_TIMES = 2.5;
  const within = (value, least, most) => Math.min(Math.max(value, least), most);

  // Ends in pixels of the file. `pane` knows where those are on the screen.
  globalThis.ViewerRuler = class {
    constructor(pane) {
      this.pane = pane;
      this.drawing = pane.stage.querySelector("[data-ruler]");
      this.panel = pane.stage.querySelector("[data-ruler-panel]");
      this.end = 1;
    }

    get isShown() { return !this.panel.hidden; }

    show(isShown) {
      this.panel.hidden = !isShown;
      this.drawing.toggleAttribute("hidden", !isShown);
      if (!isShown) return;
      const { width, height } = this.pane;
      this.ends ??= [{ x: width / 4, y: height / 2 }, { x: (3 * width) / 4, y: height / 2 }];
      this.draw();
    }

    place(end, point) {
      this.end = end;
      const { width, height } = this.pane;
      this.ends[end] = { x: within(point.x, 0, width), y: within(point.y, 0, height) };
      this.draw();
    }

    start(point) {
      this.place(0, point);
      this.place(1, point);
    }

    // By keys: right and down as the screen has them, whichever way the picture is turned.
    step(right, down) {
      const { x, y } = this.pane.turnedBack(right, down);
      const end = this.ends[this.end];
      this.place(this.end, { x: end.x + x, y: end.y + y });
    }

    otherEnd() {
      this.end = 1 - this.end;
      this.draw();
    }

    draw() {
      const [from, to] = this.ends;
      const line = this.drawing.querySelector("line");
      for (const [name, value] of Object.entries({ x1: from.x, y1: from.y, x2: to.x, y2: to.y })) line.setAttribute(name, value);
      const marks = this.drawing.querySelectorAll("circle");
      for (const [place, mark] of [...marks].entries()) {
        mark.setAttribute("cx", this.ends[place].x);
        mark.setAttribute("cy", this.ends[place].y);
        mark.setAttribute("r", Math.max(this.pane.width, this.pane.height) / 160);
        mark.classList.toggle("is-moved", place === this.end);
      }
      this.tell();
    }

    tell() {
      const [from, to] = this.ends;
      const spacing = this.pane.samples?.spacing;
      const [across, down] = [(to.x - from.x) * (spacing?.across ?? 1), (to.y - from.y) * (spacing?.down ?? 1)];
      const length = Math.hypot(across, down).toFixed(spacing ? 1 : 0);
      const output = this.panel.querySelector("output");
      output.value = output.dataset[spacing ? "millimetres" : "pixels"].replace("{}", length);
      for (const text of this.panel.querySelectorAll("[data-spacing]")) text.hidden = text.dataset.spacing !== (spacing?.source ?? "none");
    }
  };

  // The pixels around a place, enlarged, without the maps that lie over them.
  globalThis.ViewerLens = class {
    constructor(pane) {
      this.pane = pane;
      this.canvas = pane.stage.querySelector("[data-lens]");
      this.canvas.width = this.canvas.height = LENS_SIDE;
    }

    show(isShown) {
      this.canvas.hidden = !isShown;
      const { clientWidth, clientHeight } = this.pane.stage;
      if (isShown) this.move(this.at ?? { x: clientWidth / 2, y: clientHeight / 2 });
    }

    // `at`: in pixels of the stage.
    move(at) {
      const { clientWidth, clientHeight } = this.pane.stage;
      this.at = { x: within(at.x, 0, clientWidth), y: within(at.y, 0, clientHeight) };
      this.canvas.style.left = `${this.at.x - LENS_SIDE / 2}px`;
      this.canvas.style.top = `${this.at.y - LENS_SIDE / 2}px`;
      this.draw();
    }

    step(right, down) { this.move({ x: this.at.x + right, y: this.at.y + down }); }

    draw() {
      if (this.canvas.hidden) return;
      const { pane } = this;
      const context = this.canvas.getContext("2d");
      const times = pane.screenPixels * LENS_TIMES;
      const middle = pane.pictureAt(this.at);
      context.reset();
      context.filter = pane.look.inverted ? "invert(1)" : "none";
      context.translate(LENS_SIDE / 2, LENS_SIDE / 2);
      context.rotate((pane.turn * Math.PI) / 2);
      context.scale(pane.isMirrored ? -times : times, times);
      context.drawImage(pane.source, -middle.x, -middle.y, pane.width, pane.height);
    }
  };
})();
