// Sends one file to the server and says what became of it: as the server said, or in words for what went wrong on the way.
"use strict";

window.covidxray = window.covidxray || {};

// `form` is the upload form, `texts` the sentences of the page. Nothing here touches what the page shows.
window.covidxray.uploadSender = (form, texts) => {
  const token = form.elements.csrfmiddlewaretoken;

  const body = (file, correction) => {
    const data = new FormData(form);
    if (correction) data.set("correction", correction);
    data.delete("radiograph");
    data.append("radiograph", file);
    return data;
  };

  const failed = (text, more = {}) => ({ state: "failed", text, ...more });

  // Who is signed in now? Also brings a CSRF token that is valid now: signing in anew makes the page's own invalid.
  const probe = async () => {
    const answer = await fetch(form.action, {
      headers: { Accept: "application/json" }, redirect: "manual", cache: "no-store",
    });
    if (answer.type === "opaqueredirect") return { isSignedOut: true };
    if (!answer.ok) return {};
    const found = await answer.json();
    if (found.person !== form.dataset.person) return { isOther: true };
    token.value = found.csrf_token;
    return { isFresh: true };
  };

  const afterProbe = async (isForbidden, text, more) => {
    let found;
    try { found = await probe(); } catch { return failed(texts.network, { pauses: true }); }
    if (found.isSignedOut) return failed(texts.signedOut, { pauses: true });
    if (found.isOther) return failed(texts.otherPerson, { pauses: true });
    return failed(text, { ...more, sendAgain: isForbidden && found.isFresh });
  };

  const BY_STATUS = { 500: "fault", 502: "unavailable", 503: "unavailable", 504: "unavailable", 507: "full" };

  const explain = (xhr) => {
    const isElsewhere = xhr.responseURL && new URL(xhr.responseURL).pathname !== new URL(form.action).pathname;
    if (isElsewhere) return afterProbe(false, texts.signedOut, { pauses: true });
    if (xhr.status === 0) return afterProbe(false, texts.network, { pauses: true });
    if (xhr.status === 403) return afterProbe(true, texts.forbidden, { pauses: true });
    if (xhr.status === 413) return afterProbe(false, texts.tooLargeForServer);
    return failed(texts[BY_STATUS[xhr.status]] || texts.unexpected);
  };

  const retryAfter = (xhr) => {
    const seconds = Number(xhr.getResponseHeader("Retry-After"));
    return xhr.status === 503 && seconds > 0 && seconds <= 120 ? { retryAfter: seconds } : {};
  };

  const read = async (xhr) => {
    if (!(xhr.getResponseHeader("Content-Type") || "").startsWith("application/json")) {
      return { ...(await explain(xhr)), ...retryAfter(xhr) };
    }
    try {
      return { ...JSON.parse(xhr.responseText), ...retryAfter(xhr) };
    } catch { // cut off on the way
      return failed(texts.unexpected);
    }
  };

  const sendOnce = (file, { onProgress, onSent, onStart, correction }) => new Promise((resolve) => {
    const xhr = new XMLHttpRequest();
    let isSent = false;
    xhr.upload.addEventListener("progress", (event) => onProgress(event.loaded / event.total));
    xhr.upload.addEventListener("load", () => { isSent = true; onSent(); });
    xhr.addEventListener("load", () => resolve(read(xhr)));
    xhr.addEventListener("error", () => resolve(explain(xhr)));
    xhr.addEventListener("abort", () =>
      resolve({ state: "stopped", text: isSent ? texts.stoppedSent : texts.stoppedUnsent }));
    xhr.open("POST", form.action);
    xhr.setRequestHeader("Accept", "application/json");
    onStart(() => xhr.abort());
    xhr.send(body(file, correction));
  });

  const askOnce = async (address, what) => {
    const data = new URLSearchParams({ csrfmiddlewaretoken: token.value, do: what });
    let answer;
    try {
      answer = await fetch(address, { method: "POST", body: data, headers: { Accept: "application/json" }, redirect: "manual" });
    } catch { return failed(texts.network, { pauses: true }); }
    if ((answer.headers.get("Content-Type") || "").startsWith("application/json")) return answer.json();
    if (answer.type === "opaqueredirect") return afterProbe(false, texts.signedOut, { pauses: true });
    if (answer.status === 403) return afterProbe(true, texts.forbidden, { pauses: true });
    return failed(texts[BY_STATUS[answer.status]] || texts.unexpected);
  };

  const twice = async (attempt) => {
    const answer = await attempt();
    return answer.sendAgain ? attempt() : answer;
  };

  return {
    file: (file, watch) => twice(() => sendOnce(file, watch)),
    // A refused file that the server holds: stored without an answer ("store"), or turned and classified ("correct").
    held: (address, what) => twice(() => askOnce(address, what)),
  };
};
