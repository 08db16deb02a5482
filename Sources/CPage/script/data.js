// The data of the page: the columns of the experiments and their learning curves.
const Data = (() => {
  const SPECIAL = { nan: NaN, NaN, inf: Infinity, Infinity, "-inf": -Infinity, "-Infinity": -Infinity };

  // Returns the number of a stored text, or nan: in the grammar of JSON, and not finite in the forms above.
  const numberOf = (text) => {
    if (Object.hasOwn(SPECIAL, text)) return SPECIAL[text];
    const isNumber = /^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$/.test(text);
    return isNumber && Number.isFinite(Number(text)) ? Number(text) : NaN;
  };

  const textOf = (value) => (typeof value === "number" ? Format.text(value) : value === null ? null : String(value));

  // One column. `numbers` has nan for a missing value and for a text that is no number.
  class Column {
    constructor({ name, kind, scale, values }, count) {
      this.name = name;
      this.kind = kind;
      this.label = kind === "attribute" ? name : name.slice(name.indexOf(".") + 1);
      this.scale = scale ?? "linear";
      this.values = values;
      this.numbers = new Float64Array(count).fill(NaN);
      this.refresh();
    }

    text(row) {
      const { numbers, texts, words, index } = this.values;
      if (numbers) return textOf(numbers[row] ?? null);
      if (texts) return texts[row] ?? null;
      const place = index[row] ?? null;
      return place === null ? null : words[place];
    }

    has(row) {
      return this.text(row) !== null;
    }

    // True if the stored text is a number, also nan.
    isNumberAt(row) {
      const text = this.text(row);
      return text !== null && (!Number.isNaN(this.numbers[row]) || Object.hasOwn(SPECIAL, text));
    }

    // Reads the values again after a change.
    refresh() {
      const seen = new Set();
      let present = 0;
      let numeric = 0;
      for (let row = 0; row < this.numbers.length; row += 1) {
        // Not the text of a number, which costs more than all the rest.
        const stored = this.values.numbers ? this.values.numbers[row] ?? null : this.text(row);
        this.numbers[row] = typeof stored === "number" ? stored : numberOf(stored);
        if (stored === null) continue;
        present += 1;
        if (!Number.isNaN(this.numbers[row]) || Object.hasOwn(SPECIAL, stored)) numeric += 1;
        if (seen.size < 1000) seen.add(stored);
      }
      this.present = present;
      this.distinct = seen.size;
      this.isNumeric = (present > 0 || this.kind === "max") && numeric === present;
      this.isConstant = seen.size <= 1 && present === this.numbers.length;
    }

    set(row, value) {
      const { numbers, texts, words, index } = this.values;
      if (numbers || texts) {
        if (numbers && typeof value === "string" && !(value in SPECIAL)) {
          this.values = { texts: numbers.map(textOf) };
          this.values.texts[row] = value;
        } else {
          (numbers ?? texts)[row] = numbers ? value : textOf(value);
        }
      } else if (value === null) {
        index[row] = null;
      } else {
        const text = textOf(value);
        let place = words.indexOf(text);
        if (place < 0) place = words.push(text) - 1;
        index[row] = place;
      }
    }

    // Makes place for more rows.
    grow(count) {
      if (count > this.numbers.length) this.numbers = new Float64Array(count).fill(NaN);
    }
  }

  const data = { rows: 0, columns: [] };
  let byName = new Map();
  let lines = new Map();

  data.load = (json) => {
    data.now = json.now;
    data.live = json.live;
    data.battery = json.battery;
    data.total = json.total;
    data.rows = json.rows;
    data.importance = json.importance;
    data.noise = json.noise;
    data.channels = json.curves.channels;
    data.columns = json.columns.map((column) => new Column(column, json.rows));
    data.isHighestBest = json.battery.direction !== "min";
    lines = new Map();
    for (const line of json.curves.lines) data.setLine(line);
    index();
  };

  const index = () => {
    byName = new Map(data.columns.map((column) => [column.name, column]));
    // The objective exists before the first value, so that experiments without one are seen as diverged.
    const name = `max.${data.battery.objective}`;
    data.objective = byName.get(name) ?? new Column({ name, kind: "max", values: { numbers: [] } }, data.rows);
    byName.set(name, data.objective);
    data.byId = new Map();
    const ids = byName.get("id");
    data.ended = [];
    for (let row = 0; row < data.rows; row += 1) {
      data.byId.set(ids.text(row), row);
      if (Number.isFinite(data.value(row)) && data.end(row)) data.ended.push(row);
    }
  };

  data.setLine = (line) => lines.set(`${line.row}/${line.channel}`, line);

  data.column = (name) => byName.get(name) ?? null;
  data.text = (name, row) => byName.get(name)?.text(row) ?? null;
  data.number = (name, row) => byName.get(name)?.numbers[row] ?? NaN;
  data.id = (row) => data.text("id", row);

  // Returns the value of the objective at the best epoch, nan without one.
  data.value = (row) => data.objective?.numbers[row] ?? NaN;
  data.isBetter = (left, right) => (data.isHighestBest ? left > right : left < right);

  // An experiment that has epochs and no best one, and received values that are not finite.
  data.isDiverged = (row) =>
    !Number.isFinite(data.value(row)) && data.number("epochs", row) >= 0 && data.number("nonfinite", row) > 0;
  // Returns the epoch from which the objective stays nan or infinite: nan@14; null if its last value is finite.
  data.end = (row) => {
    const line = lines.get(`${row}/${data.channels.indexOf(data.battery.objective)}`);
    let first = -1;
    for (let i = (line?.y.length ?? 0) - 1; i >= 0 && typeof line.y[i] !== "number"; i -= 1) {
      if (line.y[i] !== null) first = i;
    }
    return first < 0 ? null : `${line.y[first]}@${line.x ? line.x[first] : line.first + first * line.step}`;
  };

  // Returns the learning curve of a channel: epochs, values with nan for a gap, and the values that are not finite.
  data.line = (row, channel) => {
    const place = data.channels.indexOf(channel);
    const line = lines.get(`${row}/${place}`);
    if (!line) return null;
    if (line.decoded) return line.decoded;
    const count = line.y.length;
    const x = new Float64Array(count);
    const y = new Float64Array(count);
    const marks = [];
    for (let i = 0; i < count; i += 1) {
      x[i] = line.x ? line.x[i] : line.first + i * line.step;
      const value = line.y[i];
      y[i] = typeof value === "number" ? value : NaN;
      if (typeof value === "string") marks.push([x[i], value]);
    }
    line.decoded = { x, y, marks };
    return line.decoded;
  };

  // The hyper-parameters with more than one value, the most important first, and those that all experiments share.
  data.parameters = () => {
    const all = data.columns.filter((column) => column.kind === "param");
    const share = new Map((data.importance?.shares ?? []).map(({ column, share }) => [column, share]));
    const varying = all.filter((column) => !column.isConstant);
    varying.sort((a, b) => (share.get(b.name) ?? -1) - (share.get(a.name) ?? -1));
    return { varying, constant: all.filter((column) => column.isConstant) };
  };

  // Applies changed rows: {rows: [[id, {column: value}]…], lines: […]}. Returns the rows that are new.
  data.apply = (delta) => {
    const added = [];
    for (const [id, values] of delta.rows ?? []) {
      let row = data.byId.get(id);
      if (row === undefined) {
        row = data.rows;
        data.rows += 1;
        data.total += 1;
        added.push(row);
        for (const column of data.columns) {
          column.grow(data.rows);
          column.set(row, null);
        }
        data.byId.set(id, row);
      }
      for (const [name, value] of Object.entries(values)) {
        let column = byName.get(name);
        if (!data.columns.includes(column)) {
          const kind = { param: "param", meta: "meta", max: "max" }[name.split(".")[0]];
          column = new Column({ name, kind, values: { texts: Array(data.rows).fill(null) } }, data.rows);
          data.columns.push(column);
          byName.set(name, column);
        }
        column.set(row, value);
      }
    }
    for (const column of data.columns) column.refresh();
    for (const line of delta.lines ?? []) {
      const row = data.byId.get(line.id);
      if (row !== undefined) data.setLine({ ...line, row });
    }
    data.now = delta.now ?? data.now;
    index();
    return added;
  };

  data.numberOf = numberOf;
  return data;
})();
