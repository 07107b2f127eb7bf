// A warning before the session ends on its own, and the sign-in page when it has ended, so that no patient stays on an
// unattended screen. Without this script the session ends all the same.
"use strict";

(() => {
  const notice = document.querySelector("[data-session]");
  const button = notice.querySelector("button");
  const warn = Number(notice.dataset.warn);
  let timer;

  // Work in another tab counts too, so the site is asked before anything is said. Asking is no activity.
  const ask = async (method) => {
    const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
    const answer = await fetch(notice.dataset.url, { method, headers: { "X-CSRFToken": token }, redirect: "manual" });
    return answer.ok ? (await answer.json()).seconds : 0;
  };

  const MOST_BYTES = 60_000;

  const isTyped = (form) => form.elements.typed_by.dataset.typed || [...form.elements].some((field) => {
    if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
    if (field.tagName === "SELECT") return [...field.options].some((option) => option.selected !== option.defaultSelected);
    return ["INPUT", "TEXTAREA"].includes(field.tagName) && !["hidden", "file"].includes(field.type) && field.value !== field.defaultValue;
  });

  // What was typed and not sent waits in the browser's session: it comes back when the same person signs in again.
  const keep = (form) => {
    const values = new URLSearchParams([...new FormData(form)].filter(([, value]) => typeof value === "string"));
    values.set("address", new URL(form.action).pathname);
    if (values.toString().length > MOST_BYTES) return null;
    return fetch(notice.dataset.typedUrl, { method: "POST", body: values, redirect: "manual" });
  };

  const leave = async () => {
    const typed = [...document.querySelectorAll("[data-typed]")].map((field) => field.form).filter(isTyped);
    for (const form of typed) { // one after another: all of them are kept in one row
      try { await keep(form); } catch { /* without a network nothing can be kept */ }
    }
    window.location.assign(window.location.href);
  };

  const plan = (seconds) => {
    clearTimeout(timer);
    if (seconds <= 0) return leave();
    const isNear = seconds <= warn;
    notice.hidden = !isNear;
    const wait = isNear ? seconds + 1 : seconds - warn;
    timer = setTimeout(check, Math.min(wait * 1000, 2 ** 31 - 1));
  };

  const check = () => ask("GET").then(plan, () => plan(warn)); // without a network: again in two minutes

  button.addEventListener("click", () => ask("POST").then(plan, () => plan(warn)));
  // A computer that slept woke up, or the page came back with the browser's button.
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && check());
  window.addEventListener("pageshow", (event) => event.persisted && check());
  plan(Number(notice.dataset.seconds));
})();
