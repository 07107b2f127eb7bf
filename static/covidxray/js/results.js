// The list of results with comfort: tick a whole page, see how many are ticked, short addresses.
// Without this script each box is ticked by hand, and the server says so where none is.
"use strict";

(() => {
  // Fields that were left empty have no place in an address that somebody keeps.
  const filter = document.querySelector("[data-filter]");
  filter.addEventListener("submit", () => {
    for (const field of filter.elements) field.disabled = field.value === "" && field.name !== "";
    setTimeout(() => { for (const field of filter.elements) field.disabled = false; });
  });

  const form = document.querySelector("[data-export]");
  if (!form) return;
  const part = (name) => form.querySelector(`[data-${name}]`);
  const boxes = [...document.querySelectorAll('input[name="select"]')];

  const showCount = () => {
    const count = boxes.filter((box) => box.checked).length;
    part("count").textContent = count ? `(${count})` : "";
    part("export-selected").disabled = count === 0;
    part("all").checked = count === boxes.length;
    part("all").indeterminate = count > 0 && count < boxes.length;
  };

  part("all").addEventListener("change", () => {
    for (const box of boxes) box.checked = part("all").checked;
    showCount();
  });
  for (const box of boxes) box.addEventListener("change", showCount);
  window.addEventListener("pageshow", showCount); // coming back with the browser's button
  part("all-label").hidden = false;
  showCount();
})();
