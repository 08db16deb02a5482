// The data of the page: the columns of the experiments and their learning curves.
const Data = (() => {
  const { textOf, numberOf } = Column;

  // The version changes with the values. The rows are in the order of the ranking until they change.
  const data = { rows: 0, columns: [], version: 0, isReordered: false };
  let byName = new Map();
  let lines = new Map();

  // Keeps the curves that a page has shown: another reading has those of the best experiments of its time.
  data.load = (json) => {
    const shown = [...lines.values()].map((line) => ({ ...line, id: data.id(line.row), name: data.channels[line.channel] }));
    data.version += 1;
    data.isReordered = false;
    data.format = json.format;
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
    for (const { id, name, ...line } of shown) {
      const row = data.byId.get(id);
      if (row === undefined || data.line(row, name)) continue;
      if (!data.channels.includes(name)) data.channels.push(name);
      data.setLine({ ...line, row, channel: data.channels.indexOf(name) });
    }
  };

  const index = () => {
    byName = new Map(data.columns.map((column) => [column.name, column]));
    // The objective exists before the first value, so that experiments without one are seen as diverged.
    const name = `max.${data.battery.objective}`;
    data.objective = byName.get(name) ?? new Column({ name, kind: "max", values: { numbers: [] } }, data.rows);
    byName.set(name, data.objective);
    data.byId = new Map();
    const ids = byName.get("id");
    data.nonfinite = 0;
    for (let row = 0; row < data.rows; row += 1) {
      data.byId.set(ids.text(row), row);
      if (data.hasNonfinite(row)) data.nonfinite += 1;
    }
  };

  // Returns the number of the page's curves of a channel.
  data.lineCount = (channel) => {
    const place = data.channels.indexOf(channel);
    return [...lines.values()].filter((line) => line.channel === place).length;
  };
  data.setLine = (line) => lines.set(`${line.row}/${line.channel}`, line);

  data.column = (name) => byName.get(name) ?? null;
  data.text = (name, row) => byName.get(name)?.text(row) ?? null;
  data.number = (name, row) => byName.get(name)?.numbers[row] ?? NaN;
  data.id = (row) => data.text("id", row);

  // Returns the value of the objective at the best epoch, nan without one.
  data.value = (row) => data.objective?.numbers[row] ?? NaN;
  data.isBetter = (left, right) => (data.isHighestBest ? left > right : left < right);

  data.isDone = (row) => data.text("status", row) === "done";
  data.hasNonfinite = (row) => data.number("nonfinite", row) > 0;
  // An experiment that has epochs and no best one, and received values that are not finite.
  data.isDiverged = (row) => !Number.isFinite(data.value(row)) && data.number("epochs", row) >= 0 && data.hasNonfinite(row);
  // Returns the epoch from which the objective stays nan or infinite: nan@14; nan without an epoch if the page has no curve of an
  // experiment that has diverged; null otherwise.
  data.end = (row) => {
    const line = lines.get(`${row}/${data.channels.indexOf(data.battery.objective)}`);
    if (!line) return data.isDiverged(row) ? "nan" : null;
    let first = -1;
    for (let i = (line?.y.length ?? 0) - 1; i >= 0 && typeof line.y[i] !== "number"; i -= 1) {
      if (line.y[i] !== null) first = i;
    }
    if (first < 0) return data.isDiverged(row) ? "nan" : null;
    return `${line.y[first]}@${line.x ? line.x[first] : line.first + first * line.step}`;
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

  // Returns a column, which is added if no experiment has had a value of it.
  const added = (name) => {
    const known = byName.get(name);
    if (known && data.columns.includes(known)) return known;
    const kind = { param: "param", meta: "meta", max: "max" }[name.split(".")[0]] ?? "attribute";
    const column = new Column({ name, kind, values: { texts: Array(data.rows).fill(null) } }, data.rows);
    data.columns.push(column);
    byName.set(name, column);
    return column;
  };

  // Ranks the experiments by the objective. Equal ones share a rank.
  const rank = () => {
    const ranked = Array.from({ length: data.rows }, (_, row) => row).filter((row) => Number.isFinite(data.value(row)));
    const sign = data.isHighestBest ? -1 : 1;
    ranked.sort((a, b) => sign * (data.value(a) - data.value(b)) || a - b);
    const numbers = Array(data.rows).fill(null);
    ranked.forEach((row, place) => {
      const last = ranked[place - 1];
      numbers[row] = place && data.value(last) === data.value(row) ? numbers[last] : place + 1;
    });
    const column = added("rank");
    column.values = { numbers };
    column.refresh();
    data.isReordered = true;
  };

  // Applies changes: parts {columns, rows: [[id, value…]…]} and {now, total, lines}. A row is whole. Lines have the id of their
  // experiment and the name of their channel.
  data.apply = (parts, { now, total, lines: changed = [] }) => {
    for (const part of parts) write(part);
    for (const column of data.columns) if (column.isStale) column.refresh();
    for (const { id, channel, ...line } of changed) {
      if (!data.byId.has(id)) continue;
      if (!data.channels.includes(channel)) data.channels.push(channel);
      data.setLine({ ...line, row: data.byId.get(id), channel: data.channels.indexOf(channel) });
    }
    data.now = now ?? data.now;
    data.total = Math.max(total ?? data.total, data.rows);
    data.version += 1;
    index();
    rank();
  };
  const write = ({ columns, rows }) => {
    const ids = added("id");
    for (const [id] of rows) if (!data.byId.has(id)) data.byId.set(id, data.rows++);
    for (const column of data.columns) column.grow(data.rows);
    for (const [id] of rows) ids.set(data.byId.get(id), id);
    columns.map(added).forEach((column, place) => {
      for (const row of rows) column.set(data.byId.get(row[0]), row[place + 1] ?? null);
    });
    // A row is whole: it has no value of a column that is not listed.
    const kept = new Set([...columns, "id", "rank"]);
    for (const column of data.columns.filter(({ name }) => !kept.has(name))) {
      for (const [id] of rows) if (column.has(data.byId.get(id))) column.set(data.byId.get(id), null);
    }
  };

  data.textOf = textOf;
  data.numberOf = numberOf;
  return data;
})();
