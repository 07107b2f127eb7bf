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

  const leave = () => window.location.assign(window.location.href);

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
