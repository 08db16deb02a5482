// The columns of the leaderboard, and its groups.
const Columns = (() => {
  const { make, name } = Chart;
  const TIMES = ["started", "updated", "seen"];
  // The columns of the table in the order in which they were first shown.
  let order = [];

  // The version if there are several: experiments of different ones are not replicas.
  const versions = () => [Data.column("version")].filter((column) => column?.distinct > 1);

  // The groups of rows with equal values of the columns of State.value.group: "seed" is all hyper-parameters but seeds.
  const groups = () => {
    const { group } = State.value;
    const { varying } = Data.parameters();
    const fields = group === "seed" ? [...versions(), ...varying.filter(({ label }) => label !== "seed")]
      : group === "params" ? [...versions(), ...varying]
      : State.split(group).map(Data.column).filter(Boolean);
    const found = new Map();
    for (const row of State.rows) {
      const key = JSON.stringify(fields.map((column) => keyOf(column, row)));
      if (!found.has(key)) found.set(key, []);
      found.get(key).push(row);
    }
    const list = [...found.values()].map((rows) => {
      const finite = rows.filter(hasValue);
      const values = finite.map(Data.value);
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
      const deviation = values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : NaN;
      const better = (best, row) => (Data.isBetter(Data.value(row), Data.value(best)) ? row : best);
      const row = finite.reduce(better, finite[0] ?? rows[0]);
      const undone = finite.filter((one) => !Data.isDone(one)).length;
      const nonfinite = finite.filter((one) => Data.isDone(one) && Data.hasNonfinite(one)).length;
      return { row, rows, mean, deviation, count: values.length, members: rows.length, undone, nonfinite,
        low: Math.min(...values), high: Math.max(...values) };
    });
    const { isBetter } = Data;
    const order = (a, b) =>
      (a.mean !== a.mean) - (b.mean !== b.mean) || isBetter(b.mean, a.mean) - isBetter(a.mean, b.mean);
    list.sort(order).forEach((item, index) => {
      const [first, last] = [list[0], list[index - 1]];
      item.place = item.mean === last?.mean ? last.place : item.count ? index + 1 : NaN;
      // The variance of a mean of n is 1/n of that of a result.
      const limit = (Data.noise?.limit ?? NaN) * Math.sqrt((1 / item.count + 1 / first.count) / 2);
      item.isClose = index > 0 && Math.abs(item.mean - first.mean) <= limit;
    });
    return { fields, list };
  };
  // Returns the values of a group if they are few; undefined for the id of its best experiment.
  const titleOfGroup = (fields, row) => (fields.length && fields.length < 4 ? fields.map((column) => shown(column, row)).join(", ") : undefined);
  // Returns what equal values have in common, as groups of hypero-query have it.
  const keyOf = (column, row) => {
    const number = column.numbers[row];
    const text = column.text(row);
    if (Math.abs(number) <= Number.MAX_SAFE_INTEGER) return number + 0;
    if (text === null || text === "null") return null;
    if (/^(true|false)$/i.test(text)) return text.toLowerCase();
    try {
      return /^[[{]/.test(text) ? JSON.stringify(JSON.parse(text)) : text;
    } catch {
      return text;
    }
  };
  const hasValue = (row) => Number.isFinite(Data.value(row));

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

  // Returns a value as a cell shows it. A whole number keeps its digits, also those that a double has not.
  const shown = (column, row) => {
    const text = column.text(row) ?? "";
    const number = column.numbers[row];
    if (!column.isNumeric || !Number.isFinite(number)) return text;
    if (TIMES.includes(column.name)) return Format.time(number);
    return /^-?\d{1,40}$/.test(text) ? text : Format.number(number);
  };
  // Returns the name without its prefix, if no other column has it.
  const titleOf = (column) => {
    const isSame = (other) => other !== column && other.label === column.label && other.name !== "rank";
    return Data.columns.some(isSame) ? column.name : column.label;
  };
  const textCell = (column) => ({
    title: titleOf(column), name: column.name, isNumeric: column.isNumeric,
    width: Math.min(Math.max(titleOf(column).length, ...sample(column)) * 8 + 28, 220),
    text: (row) => column.text(row) ?? "",
    show: (row) => shown(column, row),
  });
  const sample = (column) => {
    const lengths = [];
    for (let row = 0; row < Math.min(Data.rows, 50); row += 1) lengths.push(shown(column, row).length);
    return lengths;
  };

  const ID = { title: "experiment", name: "id", width: 170, text: Data.id, show: (row) => {
    const colour = State.colour(row);
    return make("span", { class: "id" }, make("i", { class: colour < 0 ? "swatch" : `swatch pin${colour}` }), name(Data.id(row)));
  } };
  const age = { title: "age", name: "updated", width: 104, isNumeric: true,
    text: (row) => Data.text("updated", row) ?? "",
    show: (row) => (Number.isFinite(Data.number("updated", row)) ? Format.ago(Data.number("updated", row), Data.now) : "") };
  const status = { title: "status", name: "status", width: 104, text: (row) => Data.text("status", row) ?? "", show: statusText };
  const curve = { title: "curve", name: "", width: 92, text: () => "", show: sparkline };

  const endOf = (row) => Data.end(row) ?? "";
  const isNarrow = () => innerWidth < 600;
  const objective = (column) => ({ ...textCell(column), width: isNarrow() ? 116 : Data.nonfinite ? 190 : 150, isNumeric: true,
    isObjective: true, text: (row) => column.text(row) ?? endOf(row).split("@")[0], show: (row) => {
    const value = Data.value(row);
    const end = make("span", { class: "bad" }, endOf(row));
    if (!Number.isFinite(value)) return end;
    // Beside nan@24 and on a narrow screen, there is no place for a bar.
    const bar = make("i", { class: "bar" });
    const { low, high } = State.extent;
    bar.style.width = `${high > low ? 4 + ((value - low) / (high - low)) * 56 : 60}px`;
    return make("span", { class: "value" }, isNarrow() || endOf(row) ? "" : bar, end, `${isClose(row) ? "≈ " : ""}${shown(column, row)}`);
  } });

  // The names of the columns of the table: those of the state, or the ones that tell the experiments apart.
  const keys = () => {
    const isKnown = (key) => key === "curve" || Data.column(key);
    const chosen = [...new Set(State.split(State.value.cols))].filter((key) => isKnown(key) && key !== "rank" && key !== "id");
    if (chosen.length) return chosen;
    const isOther = (column) => column.kind === "max" && column !== Data.objective && column.present;
    const maxima = Data.columns.filter(isOther);
    const names = [...maxima, ...Data.parameters().varying, ...versions()].map((column) => column.name);
    // Another reading of a live page may have another order of importance, and would move columns.
    order = [...order, ...names.filter((name) => !order.includes(name))];
    const named = order.filter((name) => names.includes(name));
    return [Data.objective.name, "curve", "epoch", ...named, "status", "updated", "reason"].filter(isKnown);
  };
  const usual = () => {
    const rank = Data.column("rank");
    const special = { updated: age, status, curve, [Data.objective.name]: objective(Data.objective) };
    const own = new Map(Object.entries(special));
    const id = isNarrow() ? { ...ID, width: 130 } : ID;
    return [...(rank ? [{ ...textCell(rank), title: "#", width: isNarrow() ? 40 : 56 }] : []), id,
      ...keys().map((key) => own.get(key) ?? textCell(Data.column(key)))];
  };

  const ofGroups = (fields) => {
    const number = (title, key, width = 110) => ({ title, name: "", width, isNumeric: true,
      text: (_, item) => (Number.isFinite(item[key]) ? Format.text(item[key]) : ""),
      show: (_, item) => (Number.isFinite(item[key]) ? Format.short(item[key]) : "") });
    const mean = number(`mean ${Data.battery.objective}`, "mean", 150);
    const count = number("n", "count", 150);
    // What a mean has that may not be compared with the others.
    const ofMembers = (_, { count: n, members, undone, nonfinite }) => [n < members ? `${n} of ${members}` : String(n),
      undone && `${undone} not done`, nonfinite && `${nonfinite} with nan`].filter(Boolean).join(", ");
    return [number("#", "place", 56), { ...ID, title: "best experiment" },
      { ...mean, show: (row, item) => (item.isClose ? "≈ " : "") + mean.show(row, item) }, number("std", "deviation"),
      { ...count, text: ofMembers, show: ofMembers }, number("lowest", "low"),
      number("highest", "high"), ...fields.map(textCell)];
  };

  return { TIMES, keys, usual, ofGroups, groups, titleOfGroup, isClose, curve, shown };
})();
