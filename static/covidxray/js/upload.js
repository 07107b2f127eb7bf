// The upload page with comfort: dropping a file, its name and size, a state while the model works.
// Without this script the form works as the browser shows it.
"use strict";

(() => {
  const form = document.querySelector("[data-upload]");
  const part = (name) => form.querySelector(`[data-${name}]`);
  const input = form.querySelector("input[type=file]");
  const dropzone = part("dropzone");
  const error = part("error");

  const showChosen = () => {
    const file = input.files[0];
    const isTooLarge = file !== undefined && file.size > Number(form.dataset.maxBytes);
    part("chosen").textContent = file ? `${file.name}, ${(file.size / 1024 ** 2).toFixed(1)} MB` : "";
    error.hidden = !isTooLarge;
    error.textContent = isTooLarge ? form.dataset.tooLarge : "";
    input.setCustomValidity(isTooLarge ? form.dataset.tooLarge : "");
  };

  const showBusy = (isBusy) => {
    part("submit").disabled = isBusy;
    part("idle").hidden = isBusy;
    part("busy").hidden = !isBusy;
    part("status").textContent = isBusy ? part("status").dataset.busyText : "";
  };

  const onDrop = (event) => {
    dropzone.classList.remove("is-over");
    input.files = event.dataTransfer.files;
    showChosen();
  };

  for (const name of ["dragenter", "dragover", "dragleave", "drop"]) {
    dropzone.addEventListener(name, (event) => {
      event.preventDefault();
      dropzone.classList.toggle("is-over", name === "dragenter" || name === "dragover");
      if (name === "drop") onDrop(event);
    });
  }
  // A file dropped beside the target would otherwise take the place of the page.
  for (const name of ["dragover", "drop"]) window.addEventListener(name, (event) => event.preventDefault());

  input.addEventListener("change", showChosen);
  form.addEventListener("submit", () => showBusy(true));
  window.addEventListener("pageshow", () => showBusy(false)); // coming back with the browser's button
  part("drop-hint").hidden = false;
})();
