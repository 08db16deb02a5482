// The changes that a server sends: when and how the page shows them.
const Live = (() => {
  const { make } = Chart;
  // The least time between two changes of the page in ms.
  const PAUSE = 250;
  // The least time between two readings of the whole page: after a new best result, and after other changes.
  const SOON = 10_000;
  const LATER = 60_000;
  // The numbers of channels and of hyper-parameters of the best experiment that are written.
  const MAX_CHANNELS = 8;
  const MAX_VALUES = 12;
  // What can end that a row has to stay where it is.
  const EVENTS = ["pointerdown", "pointerup", "pointercancel", "pointerover", "pointerout", "focusout", "selectionchange"];

  // The changes that the page does not show yet: rows {columns, row} by id, lines by id and channel, and a whole page.
  const rows = new Map();
  const lines = new Map();
  let page = null;
  // The time and the number of experiments of the last change.
  let latest = {};
  // The best result, {id, value, epoch, isWritten}, which is in the title of the window.
  let best = null;
  // True if something has to wait because a row may not move.
  let isWaiting = false;
  let isPressed = false;
  // True if the page has changed, or has a new best result, since it was read as a whole.
  let isChanged = false;
  let isUrgent = false;
  let isReading = false;
  let lastRead = 0;
  // The time of the latest reading that the server has asked for.
  let lastReload = -Infinity;
  let timer = 0;
  let wakeTime = Infinity;
  let newer = null;

  // Returns whether rows must stay where they are: below the pointer, beside a selected text, or with the focus.
  const isHeld = () => {
    const grid = document.querySelector("#table .grid");
    const { activeElement } = document;
    const hasFocus = grid.contains(activeElement) && activeElement.matches(":focus-visible");
    return isPressed || hasFocus || grid.matches(":hover") || !getSelection().isCollapsed;
  };

  // Returns a value of a changed row as a stored text; null for an absent one.
  const textOf = ({ columns, row }, name) => {
    const place = columns.indexOf(name);
    return place < 0 ? null : Data.textOf(row[place + 1] ?? null);
  };
  // Returns whether a change moves no row: the row is known, and neither the order nor the filter depends on the change.
  const isInPlace = (id) => {
    const row = Data.byId.get(id);
    if (row === undefined || State.value.where || State.value.group) return false;
    // A new column would move those after it.
    if (!rows.get(id).columns.every((name) => Data.column(name))) return false;
    const names = [Data.objective.name, ...State.sortKeys().map(({ name }) => name)];
    const isEqual = (name) => Data.text(name, row) === textOf(rows.get(id), name);
    return names.filter((name) => name !== "id" && name !== "rank").every(isEqual);
  };

  // Finds the best result, also among the changes that the page does not show yet.
  const findBest = (waiting = rows) => {
    let found = null;
    const consider = (id, value, epoch) => {
      if (Number.isFinite(value) && (!found || Data.isBetter(value, found.value))) found = { id, value, epoch };
    };
    for (let row = 0; row < Data.rows; row += 1) {
      const id = Data.id(row);
      if (!waiting.has(id)) consider(id, Data.value(row), Data.text("epoch", row));
    }
    for (const [id, change] of waiting) {
      consider(id, Data.numberOf(textOf(change, Data.objective.name) ?? ""), textOf(change, "epoch"));
    }
    return found;
  };
  // Writes a new best result into the title of the window, and into the page if rows may move.
  const announce = (isFree) => {
    const found = findBest();
    if (found && found.value !== best?.value) {
      const { name, versions } = Data.battery;
      document.title = `${Format.number(found.value)} ${name} ${versions} – hypero`;
      best = { ...found, isWritten: false };
      isUrgent = true;
    }
    // The sentences about its status are those of another time.
    const status = best && Data.byId.has(best.id) ? Data.text("status", Data.byId.get(best.id)) : null;
    if (status && best.status && status !== best.status) isUrgent = true;
    if (best) best.status = status ?? best.status;
    if (!isFree || !best || (best.isWritten && !(best.isOwn && isUrgent))) return;
    best.isWritten = best.isOwn = true;
    const section = document.querySelector("#best");
    section.replaceChildren(section.querySelector("h2"), ...bestParts(Data.byId.get(best.id)), section.querySelector(".scope"));
  };
  // Returns the paragraphs about the best experiment, as a page has them that is read.
  const bestParts = (row) => {
    const epoch = Data.text("epoch", row);
    const status = Data.text("status", row);
    const shown = (column) => Chart.brief(column.text(row));
    const maxima = Data.columns.filter((column) => column.kind === "max" && column !== Data.objective && column.has(row));
    const values = Data.parameters().varying.filter((column) => column.has(row));
    const pairs = values.slice(0, MAX_VALUES).flatMap((column, index) =>
      [index ? ", " : "With ", Chart.name(column.label), " ", Chart.name(shown(column))]);
    const more = values.length > MAX_VALUES ? ` and ${values.length - MAX_VALUES} more` : "";
    return [
      make("p", { class: "lead" }, make("strong", {}, Format.number(best.value)), " ", Chart.name(Data.battery.objective),
        epoch === null ? "" : ` at epoch ${epoch}`,
        ...maxima.slice(0, MAX_CHANNELS).flatMap((column) => [", ", make("strong", {}, shown(column)), " ", Chart.name(column.label)]),
        maxima.length > MAX_CHANNELS ? ` and ${maxima.length - MAX_CHANNELS} more` : ""),
      make("p", {}, "Experiment ", Chart.name(best.id), status === "done" ? "." : ` (${status}).`),
      ...(pairs.length ? [make("p", {}, ...pairs, more, ".")] : []),
    ];
  };

  // Applies the changes of some rows, and the lines of those that are known then.
  const apply = (ids) => {
    // The columns are the same until the first value of another one.
    const parts = new Map();
    for (const id of ids) {
      const { columns, row } = rows.get(id);
      const key = JSON.stringify(columns);
      if (!parts.has(key)) parts.set(key, { columns, rows: [] });
      parts.get(key).rows.push(row);
      rows.delete(id);
    }
    const known = [...lines].filter(([, { id }]) => !rows.has(id));
    for (const [key] of known) lines.delete(key);
    if (!ids.length && !known.length) return;
    const total = rows.size ? Data.total : latest.total;
    Data.apply([...parts.values()], { now: latest.now, total, lines: known.map(([, line]) => line) });
    isChanged = true;
    State.dataChanged();
  };

  // Takes over a page that was read: its data, and the texts that the script does not write.
  const adopt = ({ json, parsed }) => {
    const hovered = State.hovered() < 0 ? null : Data.id(State.hovered());
    const part = (selector) => parsed.querySelector(selector);
    document.title = parsed.title;
    const section = document.querySelector("#best");
    section.replaceChildren(...part("#best").childNodes, section.querySelector(".scope"));
    for (const id of ["search", "history", "parameters", "running"].filter((each) => !Main.isMounted(each))) {
      document.getElementById(id).replaceChildren(...part(`#${id}`).childNodes);
    }
    for (const selector of ["#bar h1", "#bar .objective"]) document.querySelector(selector).replaceWith(part(selector));
    const notes = "body > .description, body > .warning";
    for (const note of document.querySelectorAll(notes)) note.remove();
    document.querySelector("#bar").after(...parsed.querySelectorAll(notes));
    Data.load(json);
    best = findBest(new Map());
    if (best) best.isWritten = true;
    State.dataChanged();
    State.hover(Data.byId.get(hovered) ?? -1);
  };

  // Shows what has changed, except what has to wait.
  const flush = (isFree) => {
    if (page && isFree) {
      const read = page;
      page = null;
      adopt(read);
    }
    if (!page && !(isPressed && !isFree)) {
      apply([...rows.keys()].filter((id) => isFree || isInPlace(id)));
      announce(isFree);
    }
    const known = page?.json.columns.find(({ name }) => name === "id").values.texts ?? [];
    const added = new Set([...rows.keys(), ...known].filter((id) => !Data.byId.has(id))).size;
    newer.hidden = !page && rows.size === 0;
    newer.textContent = `${added > 0 ? Format.counted(added, "newer experiment") : "newer values"}, press r`;
    isWaiting = !newer.hidden || lines.size > 0 || best?.isWritten === false;
    Stream.show();
  };

  // Reads the page again: the server computes the importance, the noise and the sentences.
  const read = async () => {
    if (isReading) return;
    isReading = true;
    try {
      const response = await fetch(location.pathname + location.search, { signal: AbortSignal.timeout(120_000) });
      if (!response.ok) throw new Error(`status ${response.status}`);
      // The browser would refuse the style sheets of another reading, and report them.
      const text = (await response.text()).replaceAll(/<(?:style)[^>]*>[^<]*<\/style>/g, "");
      const parsed = new DOMParser().parseFromString(text, "text/html");
      const json = JSON.parse(parsed.getElementById("data").textContent);
      // Another version of hypero has another script.
      if (json.format !== Data.format) return location.reload();
      page = { json, parsed };
      rows.clear();
      lines.clear();
      isChanged = isUrgent = false;
      Stream.open(json.live);
    } catch {
      // The time of the next attempt is shown.
      isUrgent = true;
      if (!Stream.isOpen()) Stream.fail(SOON);
    }
    isReading = false;
    lastRead = performance.now();
    wake(0);
  };

  const isRunning = () => {
    const status = Data.column("status");
    return status !== null && [...Array(Data.rows).keys()].some((row) => status.text(row) === "running");
  };
  const tick = () => {
    wakeTime = Infinity;
    flush(!isHeld());
    if (document.hidden || isReading || page) return;
    // The age and the status of a running experiment change without an event.
    if (!isUrgent && !isChanged && !isRunning()) return;
    const delay = lastRead + (isUrgent ? SOON : LATER) - performance.now();
    if (delay > 0) wake(delay);
    // Without a stream, the page is read also while rows must stay: it is shown later.
    else if (isHeld() && Stream.isOpen()) isWaiting = true;
    else read();
  };
  // Calls tick after a time in ms, unless it is called earlier.
  const wake = (delay) => {
    const time = performance.now() + Math.max(delay, 0);
    if (time >= wakeTime) return;
    clearTimeout(timer);
    wakeTime = time;
    timer = setTimeout(tick, Math.max(delay, 0));
  };

  const start = () => {
    if (!Data.live) return;
    newer = Chart.button("", () => flush(true), { id: "newer", hidden: "" });
    document.querySelector("#bar").append(newer);
    best = findBest();
    if (best) best.isWritten = true;
    lastRead = performance.now();
    for (const type of EVENTS) {
      document.addEventListener(type, ({ buttons }) => {
        if (buttons !== undefined) isPressed = buttons !== 0;
        if (isWaiting) wake(PAUSE);
      }, { capture: true });
    }
    document.addEventListener("visibilitychange", () => wake(0));
    Stream.start({
      rows: (delta) => {
        latest = delta;
        for (const row of delta.rows) rows.set(row[0], { columns: delta.columns, row });
        for (const line of delta.lines ?? []) lines.set(JSON.stringify([line.id, line.channel]), line);
        wake(PAUSE);
      },
      // At once, and later ones with a pause: a page that takes long to come would be read for ever.
      reload: () => {
        isUrgent = true;
        const delay = Math.max(lastReload + SOON - performance.now(), 0);
        lastReload = performance.now() + delay;
        setTimeout(read, delay);
      },
    });
    wake(0);
  };
  return { start, apply: () => newer && flush(true) };
})();
