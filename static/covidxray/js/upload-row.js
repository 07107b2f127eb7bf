// One row of the list of chosen files: a preview, how far it is, and what became of it.
"use strict";

window.covidxray = window.covidxray || {};

(() => {
  const PREVIEW_PIXELS = 144;
  const BUTTONS = {
    waiting: ["remove"], sending: ["stop"], classifying: ["stop"], again: ["stop"],
    refused: ["correct", "store", "retry", "remove"], failed: ["retry", "remove"], stopped: ["retry", "remove"],
  };
  let previews = Promise.resolve(); // one after another: a radiograph that is decoded takes a lot of memory

  // Drawn on a canvas and not shown through a blob: address, which the content security policy would have to allow.
  const preview = async (file, place) => {
    if (!/^image\/(jpeg|png)$/.test(file.type)) return;
    try {
      const picture = await createImageBitmap(file, { resizeWidth: PREVIEW_PIXELS, resizeQuality: "medium" });
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [picture.width, picture.height];
      canvas.getContext("2d").drawImage(picture, 0, 0);
      picture.close();
      place.replaceChildren(canvas);
    } catch { /* what the browser cannot draw keeps its icon; the server says what is wrong with it */ }
  };

  const sizeOf = (file, texts) => {
    const [unit, number] = file.size < 1024 ** 2 ? ["kilobytes", Math.max(file.size / 1024, 0.1)] : ["megabytes", file.size / 1024 ** 2];
    const shown = number.toLocaleString(document.documentElement.lang, { maximumFractionDigits: 1 });
    return texts[unit].replace("{number}", shown);
  };

  window.covidxray.uploadRow = (form, texts, file) => {
    const element = form.querySelector("[data-row]").content.firstElementChild.cloneNode(true);
    const part = (name) => element.querySelector(`[data-${name}]`);
    part("name").textContent = file.name;
    part("size").textContent = sizeOf(file, texts);
    part("progress").setAttribute("aria-label", file.name);
    for (const name of ["store", "retry", "stop", "remove"]) part(name).setAttribute("aria-label", `${part(name).textContent}: ${file.name}`);
    previews = previews.then(() => preview(file, part("picture")));

    const showAnswer = (answer) => {
      const label = answer.prediction && form.querySelector(`[data-answer="${CSS.escape(answer.prediction)}"]`);
      part("label").replaceChildren(...(label ? [label.content.cloneNode(true)] : []));
      part("state").textContent = label ? answer.probability : texts[answer.state];
      part("text").textContent = answer.text || "";
      part("text").hidden = !answer.text;
      part("assign").hidden = !answer.assign;
      if (answer.assign) part("assign").href = answer.assign;
      part("result").hidden = !answer.result;
      if (!answer.result) return;
      part("result").href = answer.result;
      part("result").setAttribute("aria-label", `${part("result").textContent}: ${file.name}`);
    };

    return {
      element,
      button: part,
      // `answer` is {state, text, …} as the server gave it, or a state on the way to it.
      show(answer, values = {}) {
        element.dataset.outcome = answer.state;
        showAnswer(answer);
        for (const [name, value] of Object.entries(values)) {
          part("state").textContent = part("state").textContent.replace(`{${name}}`, value);
        }
        const shown = (answer.isFinal ? ["correct", "store", "remove"] : BUTTONS[answer.state]) || [];
        for (const name of ["correct", "store", "retry", "stop", "remove"]) part(name).hidden = !shown.includes(name);
        part("correct").hidden ||= !answer.correction || Boolean(answer.isFinal && !answer.store);
        part("store").hidden ||= !answer.store;
        part("store").value = answer.store || "";
        part("correct").value = answer.correction || "";
        part("correct").textContent = answer.correction_label || "";
        const progress = part("progress");
        progress.hidden = !["sending", "classifying"].includes(answer.state);
        if (answer.state === "sending") progress.value = values.percent;
        else progress.removeAttribute("value"); // working, no telling how long
      },
    };
  };
})();
