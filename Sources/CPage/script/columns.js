// The columns of the leaderboard, and its groups.
const Columns = (() => {
  const { make, name } = Chart;

  // The groups of rows with equal values of the columns of State.value.group: "seed" is all hyper-parameters but seeds.
  const groups = () => {
    const { group } = State.value;
    const { varying } = Data.parameters();
    const fields = group === "seed" ? varying.filter(({ label }) => label !== "seed")
      : group === "params" ? varying
      : group.split(",").map((field) => Data.column(field)).filter(Boolean);
    const found = new Map();
    for (const row of State.rows) {
      const key = JSON.stringify(fields.map((column) => {
        const number = column.numbers[row];
        return number === number ? number : column.text(row);
      }));
      if (!found.has(key)) found.set(key, []);
      found.get(key).push(row);
    }
    const list = [...found.values()].map((rows) => {
      const values = rows.map(Data.value).filter(Number.isFinite);
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
      const deviation = values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : NaN;
      const best = rows.reduce((found, row) => (found < 0 || Data.isBetter(Data.value(row), Data.value(found)) ? row : found), -1);
      return { row: best, rows, mean, deviation, count: values.length, low: Math.min(...values), high: Math.max(...values) };
    });
    const order = (a, b) => (a.mean !== a.mean) - (b.mean !== b.mean) || (Data.isBetter(a.mean, b.mean) ? -1 : 1);
    return { fields, list: list.sort(order) };
  };

  const isClose = (row) => {
    const { noise } = Data;
    return noise !== null && row !== State.best && Math.abs(Data.value(row) - Data.value(State.best)) <= noise.limit;
  };

  const statusText = (row) => {
    const status = Data.text("status", row) ?? "";
    const symbol = { done: "●", running: "▶", failed: "✕", lost: "◌", stopped: "■" }[status] ?? "";
    return `${symbol} ${status}`;
  };

  // Returns the small drawing of a learning curve of the objective.
  const sparkline = (row) => {
    const line = Data.line(row, Data.battery.objective);
    const values = line ? line.y.filter(Number.isFinite) : [];
    if (values.length < 2) return "";
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const span = high - low || 1;
    const step = Math.max(1, Math.floor(values.length / 60));
    let path = "";
    for (let i = 0; i < values.length; i += step) {
      path += `${path ? "L" : "M"}${((i / (values.length - 1)) * 76 + 2).toFixed(1)} ${(20 - ((values[i] - low) / span) * 18).toFixed(1)}`;
    }
    const box = make("span", { class: "spark" });
    Chart.add(Chart.add(box, "svg", { width: 80, height: 22, "aria-hidden": "true" }), "path", { d: path });
    return box;
  };

  const textCell = (column) => ({
    title: column.label, name: column.name, isNumeric: column.isNumeric,
    width: Math.min(Math.max(column.label.length, ...sample(column)) * 8 + 28, 220),
    text: (row) => column.text(row) ?? "",
    show: (row) => {
      const number = column.numbers[row];
      const text = column.text(row);
      return text === null ? "" : Number.isFinite(number) && column.isNumeric ? Format.number(number) : text;
    },
  });
  const sample = (column) => {
    const lengths = [];
    for (let row = 0; row < Math.min(Data.rows, 50); row += 1) {
      const number = column.numbers[row];
      lengths.push(Number.isFinite(number) ? Format.number(number).length : (column.text(row) ?? "").length);
    }
    return lengths;
  };

  const ID = { title: "experiment", name: "id", width: 170, text: Data.id, show: (row) => {
    const colour = State.colour(row);
    return make("span", { class: "id" }, make("i", { class: colour < 0 ? "swatch" : `swatch pin${colour}` }), name(Data.id(row)));
  } };
  const age = { title: "age", name: "updated", width: 90, isNumeric: true, text: (row) => Data.text("updated", row) ?? "",
    show: (row) => (Number.isFinite(Data.number("updated", row)) ? Format.ago(Data.number("updated", row), Data.now) : "") };
  const status = { title: "status", name: "status", width: 104, text: (row) => Data.text("status", row) ?? "", show: statusText };
  const curve = { title: "curve", name: "", width: 92, text: () => "", show: sparkline };

  const objective = (column) => ({ ...textCell(column), width: 150, isObjective: true, show: (row) => {
    const value = Data.value(row);
    if (!Number.isFinite(value)) return make("span", { class: "bad" }, Data.isDiverged(row) ? "nan" : "");
    const bar = make("i", { class: "bar" });
    const { low, high } = State.extent;
    bar.style.width = `${high > low ? 4 + ((value - low) / (high - low)) * 56 : 60}px`;
    return make("span", { class: "value" }, bar, `${isClose(row) ? "≈ " : ""}${Format.number(value)}`);
  } });

  // The columns of the table: those of the state, or the ones that tell the experiments apart.
  const usual = () => {
    const rank = Data.column("rank");
    const own = { id: ID, updated: age, status };
    const cellOf = (column) => own[column.name] ?? (column === Data.objective ? objective(column) : textCell(column));
    const chosen = State.value.cols.split(",").filter(Boolean).map(Data.column).filter(Boolean);
    const first = [...(rank ? [{ ...textCell(rank), title: "#", width: 56 }] : []), ID];
    if (chosen.length) return [...first, ...chosen.filter(({ name: key }) => key !== "rank" && key !== "id").map(cellOf)];
    const { varying } = Data.parameters();
    const maxima = Data.columns.filter((column) => column.kind === "max" && column !== Data.objective && column.present);
    const epoch = Data.column("epoch");
    const reason = Data.column("reason");
    return [
      ...first, ...(Data.objective ? [objective(Data.objective), curve] : []), ...(epoch ? [textCell(epoch)] : []),
      ...maxima.map(textCell), ...varying.map(textCell), status, age, ...(reason ? [textCell(reason)] : []),
    ];
  };

  const ofGroups = (fields) => {
    const number = (title, key, width = 110) => ({ title, name: "", width, isNumeric: true,
      text: (_, item) => String(item[key]), show: (_, item) => (Number.isFinite(item[key]) ? Format.short(item[key]) : "") });
    const position = { title: "#", name: "", width: 56, isNumeric: true, text: (_, item) => String(item.place), show: (_, item) => String(item.place) };
    const best = { ...ID, title: "best experiment" };
    return [position, best, number(`mean ${Data.battery.objective}`, "mean", 150), number("std", "deviation"),
      number("n", "count", 56), number("lowest", "low"), number("highest", "high"), ...fields.map(textCell)];
  };

  return { usual, ofGroups, groups, isClose, curve };
})();
