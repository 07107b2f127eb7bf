// Registered patients are found while a reference is typed: a combobox as WAI-ARIA describes it, by mouse and keyboard.
// Without this script the reference is typed by hand.
"use strict";

(() => {
  const WAIT_MS = 180;

  const element = (tag, values, ...children) => {
    const made = Object.assign(document.createElement(tag), values);
    made.append(...children);
    return made;
  };

  const combobox = (place) => {
    const input = place.querySelector("input");
    const list = element("ul", { id: `${input.id}_list`, className: "suggestions", hidden: true });
    const status = element("p", { className: "visually-hidden" });
    const about = element("p", { className: "suggestion-about quiet", hidden: true });
    let options = [];
    let active = -1;
    let timer;
    let asked;

    const attributes = { role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": list.id };
    for (const [name, value] of Object.entries(attributes)) input.setAttribute(name, value);
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", place.dataset.list);
    status.setAttribute("role", "status");
    place.append(list, about, status);

    const mark = (index) => {
      active = index;
      options.forEach((option, each) => option.setAttribute("aria-selected", String(each === active)));
      if (active < 0) return input.removeAttribute("aria-activedescendant");
      input.setAttribute("aria-activedescendant", options[active].id);
      return options[active].scrollIntoView({ block: "nearest" });
    };

    const close = () => {
      clearTimeout(timer);
      asked?.abort();
      list.hidden = true;
      input.setAttribute("aria-expanded", "false");
      mark(-1);
    };

    const take = (patient) => {
      input.value = patient.reference;
      about.textContent = patient.about.join(", ");
      about.hidden = about.textContent === "";
      close();
    };

    const optionOf = (patient, index) => {
      const option = element("li", { id: `${list.id}_${index}` },
        element("bdi", { textContent: patient.reference }),
        element("span", { className: "quiet" }, ...patient.about.flatMap((value) => [" ", element("bdi", { textContent: value })])));
      option.setAttribute("role", "option");
      option.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps the focus
      option.addEventListener("click", () => take(patient));
      option.patient = patient;
      return option;
    };

    const show = (patients) => {
      options = patients.map(optionOf);
      list.replaceChildren(...options);
      list.hidden = options.length === 0;
      input.setAttribute("aria-expanded", String(!list.hidden));
      mark(-1);
      status.textContent = options.length ? place.dataset.found.replace("{number}", options.length) : place.dataset.none;
    };

    const ask = async () => {
      asked = new AbortController();
      const address = `${place.dataset.suggestions}?${new URLSearchParams({ q: input.value })}`;
      try {
        const answer = await fetch(address, { signal: asked.signal, redirect: "error", headers: { Accept: "application/json" } });
        if (answer.ok) show((await answer.json()).patients);
      } catch { /* no suggestions: what is typed by hand is just as good */ }
    };

    const onKey = (event) => {
      if (list.hidden) {
        if (event.key === "ArrowDown" && input.value.trim()) { event.preventDefault(); ask(); }
        return;
      }
      const steps = { ArrowDown: 1, ArrowUp: -1 };
      if (event.key in steps) {
        event.preventDefault();
        const places = options.length + 1; // one of them is the field itself
        mark(((active + 1 + steps[event.key] + places) % places) - 1);
      } else if (event.key === "Enter" && active >= 0) {
        event.preventDefault();
        take(options[active].patient);
      } else if (event.key === "Escape") {
        event.preventDefault();
        close();
      }
    };

    input.addEventListener("input", () => {
      close();
      about.hidden = true;
      if (input.value.trim()) timer = setTimeout(ask, WAIT_MS);
    });
    input.addEventListener("keydown", onKey);
    input.addEventListener("blur", close);
  };

  document.querySelectorAll("[data-suggestions]").forEach(combobox);
})();
