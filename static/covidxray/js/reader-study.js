// Keys of the form of a case. They work only while the focus is in the form (WCAG 2.1.4), and the first choice has it.
"use strict";

(() => {
  const form = document.querySelector("[data-case]");
  const conclusions = { l: "likely", u: "unlikely", c: "unsure" };

  const choose = (name, value) => {
    const field = form.querySelector(`input[name="case-${name}"][value="${value}"]`);
    field.checked = true;
    field.focus();
  };

  form.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const key = event.key.toLowerCase();
    if (Object.hasOwn(conclusions, key)) choose("conclusion", conclusions[key]);
    else if (/^[1-5]$/.test(key)) choose("suspicion", key);
    else return;
    event.preventDefault();
  });

  form.querySelector("input[type=radio]").focus({ preventScroll: true });
})();
