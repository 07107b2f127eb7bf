// Keeps the progress of a job up to date, and loads the page again once its state is another one.
"use strict";

(() => {
  const EVERY = 3000;
  const job = document.querySelector("[data-job]");
  if (!job) return;
  const text = job.querySelector("[data-text]");
  const bar = job.querySelector("[data-progress]");

  const look = async () => {
    try {
      const answer = await fetch(job.dataset.job, { headers: { Accept: "application/json" }, redirect: "error" });
      if (!answer.ok) return;
      const said = await answer.json();
      if (said.state !== job.dataset.state) {
        window.location.reload();
        return;
      }
      bar.value = said.percent;
      if (text.textContent !== said.text) text.textContent = said.text;
    } catch {
      return; // signed out, or the server is away: what is shown stays
    }
    window.setTimeout(look, EVERY);
  };
  window.setTimeout(look, EVERY);
})();
