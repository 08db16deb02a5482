// The stream of a server's changes, which is open while the page is visible, and its state in the bar.
const Stream = (() => {
  const { make } = Chart;
  // The time until the next attempt after the server refused a connection in ms: the first one, doubled up to the last one.
  const FIRST_RETRY = 5_000;
  const LAST_RETRY = 60_000;
  // The server sends an event at least every 15 s.
  const SILENCE = 45_000;
  const AFTER = /([?&])after=[^&]*/;

  let source = null;
  let address = null;
  let lastId = "";
  // connecting, live, or down after an error.
  let state = "connecting";
  let problem = "";
  let retry = FIRST_RETRY;
  let retryTime = 0;
  // The time of the latest event: a connection that is broken on its way is not closed.
  let heard = 0;
  let timer = 0;
  let listeners = {};
  let parts = null;

  const clock = (ms, length = 8) => new Date(ms).toTimeString().slice(0, length);

  // Shows the state: a shape, words and a time. Only the words are spoken.
  const show = () => {
    const last = clock(Data.now);
    const next = retryTime ? `, next attempt at ${clock(retryTime)}` : "";
    const [kind, words, rest] = document.hidden ? ["muted", "stopped while hidden", ""]
      : state === "down" ? ["bad", `the server does not answer, last data of ${last}`, next]
      : problem ? ["bad", problem, ""]
      : state === "live" ? ["good", "live", `, ${last}`] : ["muted", "connecting", ""];
    const texts = { mark: kind === "good" ? "●" : "○", words, rest };
    parts.mark.className = kind;
    for (const [key, text] of Object.entries(texts)) if (parts[key].textContent !== text) parts[key].textContent = text;
    // 18:37:42 GMT-0500 (Eastern Standard Time)
    parts.root.title = `${Format.time(Data.now)} ${new Date(Data.now).toTimeString().slice(9)}`;
  };

  const close = () => {
    clearTimeout(timer);
    retryTime = 0;
    source?.close();
    source = null;
  };
  // Closes the stream. Shows that the server does not answer until the next attempt.
  const fail = (delay) => {
    close();
    state = "down";
    retryTime = Date.now() + delay;
    show();
  };

  // Opens the stream after the last change that was received.
  const connect = () => {
    close();
    if (state === "live") state = "connecting";
    show();
    if (!address || document.hidden) return;
    const after = `after=${encodeURIComponent(lastId)}`;
    const known = AFTER.test(address) ? address.replace(AFTER, `$1${after}`) : `${address}&${after}`;
    source = new EventSource(lastId ? known : address);
    heard = performance.now();
    const on = (type, work) => source.addEventListener(type, (event) => {
      heard = performance.now();
      work(event);
      show();
    });
    on("open", () => {
      state = "live";
      // The server says it again if it lasts.
      problem = "";
      retry = FIRST_RETRY;
    });
    on("error", () => {
      state = "down";
      // The browser tries again by itself, except after a refusal: the server has too many streams.
      if (source.readyState !== EventSource.CLOSED) return;
      fail(retry);
      timer = setTimeout(connect, retry);
      retry = Math.min(2 * retry, LAST_RETRY);
    });
    on("rows", ({ data, lastEventId }) => {
      lastId = lastEventId;
      listeners.rows(JSON.parse(data));
    });
    on("beat", () => {});
    on("reload", () => {
      close();
      listeners.reload();
    });
    on("problem", ({ data }) => {
      const { text, since } = JSON.parse(data);
      problem = text ? `${text} since ${clock(since, 5)}` : "";
    });
  };

  // Opens the stream of an address instead of the one before.
  const open = (url) => {
    address = url;
    lastId = "";
    connect();
  };

  const start = (own) => {
    listeners = own;
    parts = { root: document.querySelector("#age"), mark: make("span", { "aria-hidden": "true" }),
      words: make("span", { role: "status" }), rest: make("span") };
    parts.root.replaceChildren(parts.mark, " ", parts.words, parts.rest);
    document.addEventListener("visibilitychange", connect);
    setInterval(() => source && performance.now() - heard > SILENCE && connect(), SILENCE / 3);
    open(Data.live);
  };
  return { start, open, fail, show, isOpen: () => source !== null };
})();
