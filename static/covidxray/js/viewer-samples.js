// A radiograph's own values in the browser: fetched, unpacked (diagnosis/imaging/samples.py says how they lie), and
// drawn through a look-up table. Where they cannot be had, the 256 levels of the shown picture take their place.
"use strict";

(() => {
  const BLACK = 0xff000000;
  const BY_SHARE = { lung: [0.01, 0.55], bone: [0.4, 0.998] }; // of the pixels, from the darkest

  const inflated = async (bytes) => {
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  };

  // The sums of differences: lower bytes first, then upper ones.
  const summed = (planes, number, isWide) => {
    const pixels = isWide ? new Uint16Array(number) : new Uint8Array(number);
    let value = 0;
    for (let place = 0; place < number; place++) {
      value += planes[place] + (isWide ? planes[number + place] << 8 : 0);
      pixels[place] = value;
    }
    return pixels;
  };

  const onLine = (head) => Float64Array.from({ length: head.values }, (_, place) => head.valueAt0 + head.step * place);

  globalThis.ViewerSamples = class {
    constructor(head, values, pixels) {
      Object.assign(this, head, { values, pixels });
      this.looks = new Map(head.looks.map((look, place) => [look.place === -1 ? "auto" : `file-${place}`, look]));
      this.firstKey = [...this.looks.keys()][head.first];
    }

    static async fetched(address) {
      const answer = await fetch(address);
      if (!answer.ok) throw new Error(`samples: ${answer.status}`);
      const body = await answer.arrayBuffer();
      const headBytes = new DataView(body).getUint32(0, true);
      const head = JSON.parse(new TextDecoder().decode(new Uint8Array(body, 4, headBytes)));
      const data = await inflated(new Uint8Array(body, 4 + headBytes));
      let start = 0;
      const next = (length) => data.slice(start, (start += length));
      const values = head.step === null ? Float64Array.from(new Float32Array(next(4 * head.values).buffer)) : onLine(head);
      for (const look of head.looks) if (look.kind === "table") look.table = next(head.values);
      return new this(head, values, summed(data.subarray(start), head.width * head.height, head.bytes === 2));
    }

    static ofPicture(image) {
      const { naturalWidth: width, naturalHeight: height } = image;
      const canvas = new OffscreenCanvas(width, height);
      const context = canvas.getContext("2d");
      context.drawImage(image, 0, 0);
      const { data } = context.getImageData(0, 0, width, height);
      const pixels = Uint8Array.from({ length: width * height }, (_, place) => data[4 * place]);
      const whole = { kind: "window", name: "", centre: 127.5, width: 255, function: "LINEAR_EXACT", place: -1 };
      const head = { width, height, every: 0, values: 256, inverted: false, padding: null, looks: [whole], first: 0, spacing: null };
      return new this(head, onLine({ values: 256, valueAt0: 0, step: 1 }), pixels);
    }

    isPadding(place) { return this.padding !== null && place >= this.padding[0] && place <= this.padding[1]; }

    // The window between two shares of the picture's pixels, counted from the darkest as it is shown.
    byShare([low, high]) {
      const counts = new Float64Array(this.values.length);
      for (const place of this.pixels) counts[place]++;
      const order = [...counts.keys()].filter((place) => counts[place] && !this.isPadding(place));
      order.sort((one, other) => (this.inverted ? -1 : 1) * (this.values[one] - this.values[other]));
      const all = order.reduce((sum, place) => sum + counts[place], 0);
      const valueAt = (share) => {
        let sum = 0;
        for (const place of order) if ((sum += counts[place]) >= share * all) return this.values[place];
        return this.values[order.at(-1)];
      };
      const [dark, bright] = [valueAt(low), valueAt(high)];
      const width = Math.max(Math.abs(bright - dark), 1e-6);
      return { kind: "window", name: "", centre: (dark + bright) / 2, width, function: "LINEAR_EXACT" };
    }

    look(key) {
      if (key in BY_SHARE && !this.looks.has(key)) this.looks.set(key, this.byShare(BY_SHARE[key]));
      return this.looks.get(key) || this.looks.get(this.firstKey);
    }

    // Level and width in the file's own values; nothing for a table that nobody has changed into a window.
    window({ base, shift, factor }) {
      const look = this.look(base);
      const level = look.centre + (this.inverted ? -shift : shift) * look.width;
      return look.kind === "window" ? { level, width: look.width * factor } : undefined;
    }

    // 0..1 of each value as it is shown, and beyond it outside the window. A shift moves the grey levels, not the values:
    // it means the same whether high values are bright or dark.
    shown({ base, shift, factor }) {
      const look = this.look(base);
      const isSigmoid = look.function === "SIGMOID";
      const plain = this.levelsOf(look, isSigmoid ? { shift: this.inverted ? -shift : shift, factor } : { shift: 0, factor: 1 });
      const seen = this.inverted ? plain.map((level) => 1 - level) : plain;
      return isSigmoid ? seen : seen.map((level) => (level - 0.5 - shift) / factor + 0.5);
    }

    // PS3.3 C.11.2.1.2 and C.11.2.1.3.
    levelsOf(look, { shift, factor }) {
      if (look.kind === "table") return Float64Array.from(look.table, (level) => level / 255);
      const { centre, width } = look;
      if (look.function === "SIGMOID") {
        const level = centre + shift * width;
        return this.values.map((value) => 1 / (1 + Math.exp((-4 * (value - level)) / (width * factor))));
      }
      if (look.function === "LINEAR_EXACT" || width < 1) return this.values.map((value) => (value - centre) / width + 0.5);
      return this.values.map((value) => (value - (centre - 0.5)) / Math.max(width - 1, 1e-6) + 0.5);
    }

    draw(canvas, look) {
      const shown = this.shown(look);
      const colours = Uint32Array.from(shown, (level, place) => {
        if (this.isPadding(place)) return BLACK;
        const bounded = Math.min(Math.max(level, 0), 1);
        return (BLACK + Math.round(bounded * 255) * 0x10101) >>> 0;
      });
      if (canvas.width !== this.width || canvas.height !== this.height) [canvas.width, canvas.height] = [this.width, this.height];
      this.image ??= new ImageData(this.width, this.height);
      const drawn = new Uint32Array(this.image.data.buffer);
      const { pixels } = this;
      for (let place = 0; place < drawn.length; place++) drawn[place] = colours[pixels[place]];
      canvas.getContext("2d").putImageData(this.image, 0, 0);
    }
  };
})();
