// The state of the page, which the fragment of the address holds: #where=…&sort=-max.valid&pin=a,b
const State = (() => {
  const MAX_PINS = 8;
  const DEFAULTS = {
    where: "", sort: "", pin: null, y: "", logx: "", smooth: "0", group: "", channel: "", cols: "", axes: "",
    theme: "", diff: "1", by: "", from: "", to: "",
  };
  const listeners = [];
  const hoverListeners = [];
  const frames = new Set();
  let isFrameRequested = false;
  let hovered = -1;

  // `where` is the filter that the rows fulfil: that of `value`, or the last one without an error.
  const state = { value: { ...DEFAULTS }, rows: new Int32Array(0), pins: [], error: null, where: "" };

  const decode = (text) => {
    try {
      return decodeURIComponent(text.replaceAll("+", " "));
    } catch {
      return text;
    }
  };

  // Returns whether a key may have a value. Names of columns are checked where they are used.
  const isValid = (key, text) => {
    const choices = { y: ["", "log"], logx: ["", "log"], theme: ["", "light", "dark"], diff: ["0", "1"], by: ["", "time"] }[key];
    if (choices) return choices.includes(text);
    if (key === "smooth") return Number(text) >= 0 && Number(text) < 1;
    return !["from", "to"].includes(key) || Number.isFinite(Number(text));
  };
  const read = () => {
    const value = { ...DEFAULTS };
    for (const part of location.hash.slice(1).split("&")) {
      const split = part.indexOf("=");
      const key = part.slice(0, split);
      if (split <= 0 || !Object.hasOwn(DEFAULTS, key)) continue;
      const text = decode(part.slice(split + 1));
      if (isValid(key, text)) value[key] = text;
    }
    return value;
  };

  const write = () => {
    // Another reader sees the experiments that this page shows.
    const parts = Object.entries({ ...state.value, where: state.where })
      .filter(([key, text]) => text !== DEFAULTS[key])
      .map(([key, text]) => `${key}=${encodeURIComponent(text).replaceAll("%2C", ",").replaceAll("%20", "+")}`);
    const hash = parts.length ? `#${parts.join("&")}` : "";
    if (hash === location.hash) return;
    try {
      history.replaceState(null, "", hash || location.pathname + location.search);
    } catch {
      // A page in a frame without an address, as in a notebook, has no fragment that could change.
    }
  };

  // Lists of names, which may have commas.
  state.join = (names) => names.map((name) => name.replaceAll("%", "%25").replaceAll(",", "%2C")).join(",");
  state.split = (text) =>
    text.split(",").filter(Boolean).map((name) => name.replaceAll("%2C", ",").replaceAll("%25", "%"));

  // The keys of the order: [{name, isDescending}], the objective's own order if there are none.
  state.sortKeys = () => {
    const { sort } = state.value;
    const keys = Data.column(sort.replace(/^-/, "")) ? [sort] : state.split(sort);
    return keys.map((key) => ({ name: key.replace(/^-/, ""), isDescending: key[0] === "-" }));
  };

  // Compares two rows by a column; missing and nan are last in both directions.
  const comparison = ({ name, isDescending }) => {
    const column = Data.column(name);
    if (!column) return () => 0;
    const sign = isDescending ? -1 : 1;
    if (column.isNumeric) {
      const { numbers } = column;
      return (a, b) => {
        const left = numbers[a];
        const right = numbers[b];
        if (left !== left || right !== right) return (left !== left) - (right !== right);
        return sign * (left - right) || 0;
      };
    }
    const values = Array.from({ length: Data.rows }, (_, row) => orderOf(column, row));
    return (a, b) => {
      const [left, right] = [values[a], values[b]];
      if (left.kind !== right.kind) {
        const hasAbsent = left.kind === ABSENT || right.kind === ABSENT;
        return (hasAbsent ? 1 : sign) * (left.kind - right.kind);
      }
      if (left.kind === NUMBER) return sign * (left.number - right.number || 0);
      return left.kind === WORD ? sign * (left.text < right.text ? -1 : left.text > right.text ? 1 : 0) : 0;
    };
  };
  // The kinds of values in the order of a column that has words: numbers before words. Absent values, null and nan are last in both
  // directions.
  const [NUMBER, WORD, ABSENT] = [0, 1, 2];
  const orderOf = (column, row) => {
    const text = column.text(row);
    const number = column.numbers[row];
    if (number === number) return { kind: NUMBER, number };
    return text === null || text === "null" || /^"?nan"?$/i.test(text) ? { kind: ABSENT } : { kind: WORD, text };
  };

  // Finds the rows that fulfil the filter, in the order of the table.
  const select = (changed) => {
    let rows = Int32Array.from({ length: Data.rows }, (_, row) => row);
    state.error = null;
    try {
      const matches = Filter.compile(state.value.where);
      if (matches) rows = rows.filter(matches);
      state.where = state.value.where;
    } catch (error) {
      // The rows of the last filter without an error stay, because each key of a longer one makes an error. Those of other data
      // would be other experiments.
      state.error = error;
      if (!changed.has("data")) return;
      state.where = "";
    }
    const comparisons = state.sortKeys().map(comparison);
    // The number of the row decides last: rows come in the order of the ranking, until experiments change.
    if (Data.isReordered) comparisons.push(comparison({ name: "rank", isDescending: false }));
    const order = (a, b) => {
      for (const compare of comparisons) {
        const result = compare(a, b);
        if (result) return result;
      }
      return a - b;
    };
    if (comparisons.length) rows.sort(order);
    state.rows = rows;
  };

  // Returns the best of the rows, in one pass, because it follows each key of a filter.
  const bestRows = (count) => {
    const best = [];
    for (const row of state.rows) {
      const value = Data.value(row);
      if (!Number.isFinite(value)) continue;
      const isBetter = (other) => Data.isBetter(value, Data.value(other)) || (value === Data.value(other) && row < other);
      let place = best.length;
      while (place > 0 && isBetter(best[place - 1])) place -= 1;
      if (place < count) best.splice(place, 0, row);
      if (best.length > count) best.pop();
    }
    return best;
  };
  // The pinned rows: those of the fragment, or the five best ones, of groups the best one of each. The order of the table does not
  // change colours.
  const readPins = () => {
    const { pin } = state.value;
    if (pin === null && state.value.group) {
      state.pins = Columns.groups().list.slice(0, 5).map(({ row }) => row);
      return;
    }
    if (pin === null) {
      state.pins = bestRows(5);
      return;
    }
    const rows = state.split(pin).map((id) => Data.byId.get(id)).filter((row) => row !== undefined);
    state.pins = [...new Set(rows)].slice(0, MAX_PINS);
  };

  const notify = (changed) => {
    if (changed.has("where") || changed.has("sort") || changed.has("data")) select(changed);
    if (changed.has("pin") || state.value.pin === null) {
      readPins();
      changed.add("pin");
    }
    write();
    for (const listener of listeners) listener(changed);
  };

  state.set = (values) => {
    const changed = new Set();
    for (const [key, value] of Object.entries(values)) {
      if (state.value[key] !== value) changed.add(key);
      state.value[key] = value;
    }
    if (changed.size) notify(changed);
  };

  // Reads the fragment, after the data were loaded or changed.
  state.start = () => {
    state.value = read();
    notify(new Set([...Object.keys(DEFAULTS), "data"]));
  };
  // The rows of the pins may be others.
  state.dataChanged = () => notify(new Set(["data", "pin"]));
  state.on = (listener) => listeners.push(listener);

  state.colour = (row) => state.pins.indexOf(row);
  // Returns whether the reader has pinned rows. Without pins, the best have colours.
  state.hasPins = () => state.value.pin !== null;
  state.isPinned = (row) => state.hasPins() && state.pins.includes(row);
  // Pins a row or takes the pin away. Returns false if there are eight pins already.
  state.togglePin = (row) => {
    if (!state.hasPins()) {
      state.set({ pin: state.join([Data.id(row)]) });
      return true;
    }
    const isPinned = state.pins.includes(row);
    if (!isPinned && state.pins.length >= MAX_PINS) return false;
    const pins = isPinned ? state.pins.filter((other) => other !== row) : [...state.pins, row];
    state.set({ pin: pins.length ? state.join(pins.map(Data.id)) : null });
    return true;
  };

  state.hover = (row) => {
    if (row === hovered) return;
    hovered = row;
    for (const listener of hoverListeners) listener(row);
  };
  state.onHover = (listener) => hoverListeners.push(listener);
  state.hovered = () => hovered;

  // Calls a function once in the next frame, however often it is asked for.
  state.frame = (work) => {
    frames.add(work);
    if (isFrameRequested) return;
    isFrameRequested = true;
    requestAnimationFrame(() => {
      isFrameRequested = false;
      const works = [...frames];
      frames.clear();
      for (const one of works) one();
    });
  };

  // Returns the name of a column as a filter needs it: hypero.status if a hyper-parameter is called status.
  state.field = (name) => {
    const { kind, label } = Data.column(name) ?? { kind: "attribute", label: name };
    const isOther = (other) => other.kind !== "attribute" && other.label === label && other.name !== name;
    const others = [...Data.columns, Data.objective].filter(isOther);
    if (kind === "attribute") return others.length ? `hypero.${name}` : name;
    return (others.length ? name.slice(0, -label.length) : "") + Filter.quoted(label);
  };

  // Adds a condition to the filter in place of others, or takes it away. The rest of the filter stays.
  state.toggleCondition = (condition, others = []) => {
    const terms = Brush.terms(state.where);
    const rest = terms.filter((term) => term !== condition && !others.includes(term));
    state.set({ where: [...rest, ...(terms.includes(condition) ? [] : [condition])].join(" and ") });
  };
  state.addCondition = (condition) =>
    Brush.terms(state.where).includes(condition) || state.toggleCondition(condition);

  addEventListener("hashchange", () => {
    const value = read();
    // The address has the filter without an error, and the input one with it.
    if (state.error && value.where === state.where) value.where = state.value.where;
    const changed = new Set(Object.keys(DEFAULTS).filter((key) => value[key] !== state.value[key]));
    state.value = value;
    if (changed.size) notify(changed);
  });
  return state;
})();
