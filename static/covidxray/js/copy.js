// Copies the lines of a list to the clipboard. Browsers have one on pages over HTTPS only: elsewhere the button stays hidden.
"use strict";

(() => {
  const button = document.querySelector("[data-copy]");
  if (!button || !navigator.clipboard) return;
  const said = document.querySelector("[data-copy-status]");
  button.hidden = false;
  button.addEventListener("click", async () => {
    const lines = [...document.querySelectorAll(`${button.dataset.copy} li`)].map((line) => line.textContent.trim());
    await navigator.clipboard.writeText(lines.join("\n"));
    said.textContent = button.dataset.copied;
  });
})();
