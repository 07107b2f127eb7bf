// The upload page with comfort: many files dropped or chosen, sent one after another, each with its own outcome.
// Without this script the form works as the browser shows it.
"use strict";

(() => {
  const form = document.querySelector("[data-upload]");
  if (!form) return;
  const texts = JSON.parse(document.getElementById("upload-texts").textContent);
  const part = (name) => form.querySelector(`[data-${name}]`);
  const input = form.querySelector("input[type=file]");
  const panel = form.closest(".panel") || form;
  const [maxBytes, maxFiles] = [Number(form.dataset.maxBytes), Number(form.dataset.maxFiles)];
  const send = window.covidxray.uploadSender(form, texts);
  const MOST_ATTEMPTS = 20;
  const OPEN = ["waiting", "sending", "classifying", "again"];
  const READY = ["done", "repeat", "voided", "stored"];

  let items = [];
  let isRunning = false;

  const count = (...states) => items.filter((item) => states.includes(item.state)).length;
  const wait = (seconds) => new Promise((resolve) => { setTimeout(resolve, seconds * 1000); });

  const showError = (text) => {
    part("error").textContent = text;
    part("error").hidden = !text;
  };

  // --- What the page says of all files together ---------------------------------------------------------------------

  const summary = () => {
    const finished = items.length - count(...OPEN);
    const parts = [texts.finished.replace("{finished}", finished).replace("{all}", items.length)];
    for (const [text, ...states] of [["done", "done"], ["repeat", "repeat"], ["voided", "voided"], ["stored", "stored"], ["refused", "refused", "failed"],
      ["stopped", "stopped"], ["waiting", "waiting"]]) {
      if (count(...states)) parts.push(`${texts[text]}: ${count(...states)}`);
    }
    return parts.join(" · ");
  };

  const showAll = () => {
    part("files").hidden = items.length === 0;
    part("summary").textContent = items.length ? summary() : "";
    part("total").hidden = items.length < 2;
    [part("total").max, part("total").value] = [items.length || 1, items.length - count(...OPEN)];
    part("stop-all").hidden = !isRunning || items.length < 2;
    part("clear").hidden = isRunning || items.length < 2;
    part("submit").disabled = isRunning;
    part("idle").hidden = isRunning;
    part("busy").hidden = !isRunning;
  };

  const show = (item, answer, values) => {
    item.state = answer.state;
    item.row.show(answer, values);
  };

  // --- Choosing -----------------------------------------------------------------------------------------------------

  const remove = (item) => {
    items = items.filter((other) => other !== item);
    item.row.element.remove();
    showAll();
  };

  const add = (file) => {
    const item = { file, row: window.covidxray.uploadRow(form, texts, file), attempts: 0, stop: () => {} };
    items.push(item);
    part("chosen").append(item.row.element);
    item.row.button("remove").addEventListener("click", () => { remove(item); part("choose").focus(); });
    item.row.button("stop").addEventListener("click", () => item.stop());
    item.row.button("correct").addEventListener("click", (event) => {
      item.correction = event.currentTarget.value;
      again(item);
      run();
    });
    item.row.button("store").addEventListener("click", (event) => askHeld(item, event.currentTarget.value, "store"));
    item.row.button("retry").addEventListener("click", () => { again(item); run(); });
    if (file.size > maxBytes) show(item, { state: "refused", text: texts.tooLarge, isFinal: true });
    else show(item, { state: "waiting" });
  };

  const paths = new WeakMap(); // of a dropped folder's files: two folders may hold the same name

  const isSame = (one, other) => one.name === other.name && one.size === other.size
    && one.lastModified === other.lastModified && paths.get(one) === paths.get(other);

  const choose = (files) => {
    const fresh = [...files].filter((file) => !items.some((item) => isSame(item.file, file)));
    const room = Math.max(0, maxFiles - count(...OPEN));
    fresh.slice(0, room).forEach(add);
    const left = fresh.length - Math.min(fresh.length, room);
    showError(left ? texts.tooMany.replace("{most}", maxFiles).replace("{left}", left) : "");
    input.value = "";
    showAll();
  };

  // --- Sending ------------------------------------------------------------------------------------------------------

  const again = (item) => {
    item.attempts = 0;
    show(item, { state: "waiting" });
    showAll();
  };

  const watch = (item) => ({
    correction: item.correction,
    onStart: (stop) => { item.stop = stop; },
    onProgress: (part_) => show(item, { state: "sending" }, { percent: Math.floor(part_ * 100) }),
    onSent: () => show(item, { state: "classifying" }),
  });

  // A busy server says when to come again.
  const pause = async (item, seconds) => {
    let isStopped = false;
    item.stop = () => { isStopped = true; again(item); show(item, { state: "stopped", text: texts.stoppedUnsent }); showAll(); };
    show(item, { state: "again" }, { seconds });
    await wait(seconds * (1 + Math.random() / 2)); // not all that were sent away at the same moment
    return isStopped;
  };

  // A ZIP has an answer for each file in it: a row for each takes the place of its own.
  const showMembers = (item, answers) => {
    for (const answer of answers) {
      const member = { state: answer.state, file: { name: answer.file, size: item.file.size, type: "" }, stop: () => {} };
      member.row = window.covidxray.uploadRow(form, texts, member.file);
      member.row.button("remove").addEventListener("click", () => remove(member));
      member.row.button("correct").addEventListener("click", () => askHeld(member, answer.store, "correct"));
      member.row.button("store").addEventListener("click", () => askHeld(member, answer.store, "store"));
      items.splice(items.indexOf(item), 0, member);
      item.row.element.before(member.row.element);
      show(member, { ...answer, isFinal: answer.state === "refused" });
    }
    remove(item);
  };

  // The server holds the refused file: it is not sent again.
  const askHeld = async (item, address, what) => {
    show(item, { state: "classifying" });
    const answer = await send.held(address, what);
    show(item, { ...answer, isFinal: answer.state === "refused" });
    showAll();
    item.row.button("result").focus();
  };

  const sendItem = async (item) => {
    show(item, { state: "sending" }, { percent: 0 });
    showAll();
    item.attempts += 1;
    const answer = await send.file(item.file, watch(item));
    if (answer.retryAfter && item.attempts < MOST_ATTEMPTS) {
      const isStopped = await pause(item, answer.retryAfter);
      return isStopped ? {} : sendItem(item);
    }
    if (answer.fields) {
      markFields(answer.fields);
      show(item, { state: "waiting" });
      return { pauses: true };
    }
    if (answer.answers) showMembers(item, answer.answers);
    else show(item, answer);
    return answer;
  };

  const run = async () => {
    if (isRunning) return;
    isRunning = true;
    clearMarks();
    let item = items.find((each) => each.state === "waiting");
    while (item) {
      const answer = await sendItem(item);
      if (answer.pauses) break;
      showAll();
      item = items.find((each) => each.state === "waiting");
    }
    isRunning = false;
    showAll();
    openOnly();
  };

  // One file alone goes on to its result, as without this script.
  const openOnly = () => {
    const link = items.length === 1 && items[0].state === "done" && items[0].row.button("result").href;
    if (link) window.location.assign(link);
  };

  // --- What was entered with the files ------------------------------------------------------------------------------

  const clearMarks = () => {
    showError("");
    for (const mark of form.querySelectorAll("[data-mark]")) mark.remove();
    for (const field of form.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
  };

  const markFields = (fields) => {
    showError(fields[input.id] || texts.correct);
    part("details").open = true;
    for (const [id, text] of Object.entries(fields)) {
      const field = document.getElementById(id);
      if (!field || field === input) continue;
      const mark = document.createElement("p");
      Object.assign(mark, { className: "field-error", id: `${id}_error`, textContent: text });
      mark.dataset.mark = "";
      field.setAttribute("aria-invalid", "true");
      field.setAttribute("aria-describedby", mark.id);
      field.closest(".field").append(mark);
    }
    form.querySelector("[aria-invalid]")?.focus();
  };

  // --- Events -------------------------------------------------------------------------------------------------------

  const holdsFiles = (event) => [...(event.dataTransfer?.types || [])].includes("Files") || event.dataTransfer?.files.length > 0;

  const MOST_LOOKED_AT = 2000; // a patient's CD has a viewer of some hundred files
  const ADDED_BY_SYSTEMS = /^(\.|__MACOSX$|DICOMDIR$|thumbs\.db$|desktop\.ini$)/i;
  const asked = (method) => new Promise((resolve, reject) => { method(resolve, reject); });

  // Every file of a folder and of the folders in it. A browser lists a hundred at a time.
  const addFilesOf = async (entry, found) => {
    if (ADDED_BY_SYSTEMS.test(entry.name) || found.length >= MOST_LOOKED_AT) return;
    if (entry.isFile) {
      const file = await asked((resolve, reject) => entry.file(resolve, reject));
      paths.set(file, entry.fullPath);
      found.push(file);
      return;
    }
    const reader = entry.createReader();
    let listed = [];
    do {
      listed = await asked((resolve, reject) => reader.readEntries(resolve, reject));
      for (const each of listed) await addFilesOf(each, found);
    } while (listed.length);
  };

  const onDrop = async (event) => {
    part("dropzone").classList.remove("is-over");
    if (!holdsFiles(event)) return;
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    if (!entries.some((entry) => entry.isDirectory)) {
      choose(event.dataTransfer.files);
      return;
    }
    const found = [];
    try {
      for (const entry of entries) await addFilesOf(entry, found);
    } catch {
      showError(texts.unreadableFolder);
      return;
    }
    choose(found);
    if (!found.length) showError(texts.emptyFolder);
  };

  for (const name of ["dragenter", "dragover", "dragleave", "drop"]) {
    panel.addEventListener(name, (event) => {
      event.preventDefault();
      part("dropzone").classList.toggle("is-over", name === "dragenter" || name === "dragover");
      if (name === "drop") onDrop(event);
    });
  }
  // A file dropped next to the target would otherwise replace the page.
  for (const name of ["dragover", "drop"]) window.addEventListener(name, (event) => event.preventDefault());

  input.addEventListener("change", () => choose(input.files));
  part("choose").addEventListener("click", () => input.click());
  part("stop-all").addEventListener("click", () => {
    for (const item of items.filter((each) => each.state === "waiting")) show(item, { state: "stopped", text: texts.stoppedUnsent });
    for (const item of items.filter((each) => OPEN.includes(each.state))) item.stop();
    showAll();
  });
  part("clear").addEventListener("click", () => { [...items].forEach(remove); part("choose").focus(); });
  form.addEventListener("submit", (event) => {
    if (event.submitter?.hasAttribute("formaction")) return; // a file that the server holds
    event.preventDefault();
    if (items.some((item) => item.state === "waiting")) run();
    else if (!items.some((item) => READY.includes(item.state))) {
      showError(texts.none);
      part("choose").focus();
    }
  });
  window.addEventListener("beforeunload", (event) => { if (isRunning) event.preventDefault(); });

  input.hidden = true;
  input.required = false; // of a field that is not shown a browser could not say so
  part("choose").hidden = false;
  part("drop-hint").hidden = false;
  if (input.files.length) choose(input.files); // chosen before this script was there
  showAll();
})();
