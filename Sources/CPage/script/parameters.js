// The importance of the hyper-parameters, and the objective over the values of each of them.
const ParametersView = (() => {
  const FIRST = 8;
  const MAX_CATEGORIES = 30;
  // The number of experiments from which the best tenth is of several.
  const MIN_TENTH = 40;
  const { make, isCategory } = Chart;
  let list = null;
  let note = null;
  let slices = [];
  let isWhole = false;

  // Returns a number from -0.5 to 0.5 that is always the same for a row, so that points of a category are apart.
  const jitter = (row) => ((row * 0.618034) % 1) - 0.5;
  const median = (values) => {
    const sorted = Float64Array.from(values).sort();
    return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
  };

  const paint = (column) => (figure, context) => {
    const { objective } = Data.battery;
    const isWord = isCategory(column);
    const isLog = !isWord && Chart.isLog(column);
    const all = Array.from(State.rows).filter((row) => Number.isFinite(Data.value(row)) && column.has(row));
    const isPlaced = (row) => isWord || Chart.hasPlace(column.numbers[row], isLog);
    const extent = Chart.results(all.filter(isPlaced).map(Data.value));
    const isLogY = Chart.isWide(extent);
    const rows = all.filter((row) => isPlaced(row) && Chart.hasPlace(Data.value(row), isLogY));
    figure.finding.textContent = "";
    if (!rows.length) return `No matching experiment has both this and a finite ${Chart.short(objective, 40)}.`;
    const values = rows.map(Data.value);
    const numbers = rows.map((row) => column.numbers[row]);
    const few = isWord ? null : Chart.few(column);
    const axisX = { extent: isWord ? null : Chart.range(numbers, { isLog }), isLog, label: column.label, values: few };
    const axisY = { extent, isLog: isLogY, label: objective };
    const { scaleX, scaleY } = figure.axes(axisX, axisY);
    // Early ends would count as results of the hyper-parameter.
    const done = rows.filter(Data.isDone);
    const counted = done.length > 1 ? done : rows;
    const results = counted.map(Data.value);
    const medians = isWord || few?.length <= rows.length / 2 ? mediansOf(column, counted, results) : [];
    const { x, ticks } = isWord ? categories(figure, column, rows, medians) : { x: numbers.map(scaleX.at),
      ticks: medians.map(({ text, value }) => [scaleX.at(Number(text)), value, 8]) };
    const without = all.filter((row) => !isPlaced(row)).length;
    const low = all.length - without - rows.length;
    const hidden = isWord ? rows.filter((_, index) => Number.isNaN(x[index])).length : 0;
    const finding = [!isWord && Chart.correlation(counted.map((row) => column.numbers[row]), results), best(medians),
      !isWord && !few && bestTenth(column, counted),
      counted.length < rows.length && `of the ${counted.length} done`,
      without > 0 && `without ${without} ${isLog ? "≤ 0, nan or null" : "that are no number"}`,
      low > 0 && `without ${low} of ${Chart.short(objective, 20)} ≤ 0`,
      hidden > 0 && `without ${hidden} of other values`].filter(Boolean).join(", ");
    Points.draw(figure, context, rows, x, values.map(scaleY.at));
    Object.assign(context, { globalAlpha: 1, strokeStyle: Chart.theme().ink, lineWidth: 2 });
    for (const [middle, value, half] of ticks) {
      const y = scaleY.at(value);
      if (Points.within(figure.box, middle, y).dy) continue;
      context.beginPath();
      context.moveTo(middle - half, y);
      context.lineTo(middle + half, y);
      context.stroke();
    }
    figure.say(`${objective} over ${column.label}: ${finding}`);
    figure.finding.textContent = finding;
    return null;
  };

  // Returns the range of most values of the best tenth: what a correlation of ranks does not see if the best are in the middle.
  const bestTenth = (column, rows) => {
    if (rows.length < MIN_TENTH) return "";
    const isBetter = (a, b) => Data.isBetter(Data.value(a), Data.value(b));
    const sorted = [...rows].sort((a, b) => isBetter(b, a) - isBetter(a, b) || a - b);
    const values = sorted.slice(0, Math.ceil(rows.length / 10)).map((row) => column.numbers[row]).sort((a, b) => a - b);
    const outside = Math.floor(values.length / 10);
    return `best tenth mostly ${Format.short(values[outside])} to ${Format.short(values.at(-1 - outside))}`;
  };
  // Returns the text of a value. Equal numbers are one value.
  const keyOf = (column) => (row) => (column.isNumeric ? String(column.numbers[row]) : column.text(row));
  // Returns the median of the objective for each value of a column: {text, value, count}.
  const mediansOf = (column, rows, values) => {
    const keys = rows.map(keyOf(column));
    const groups = new Map(Chart.categories(keys).map((text) => [text, []]));
    keys.forEach((key, index) => groups.get(key)?.push(values[index]));
    return [...groups].map(([text, list]) => ({ text, value: median(list), count: list.length }));
  };
  const best = (medians) => {
    if (medians.length < 2) return "";
    if (medians.every(({ value }) => value === medians[0].value)) return "all medians are equal";
    const { text, value, count } = medians.reduce((a, b) => (Data.isBetter(b.value, a.value) ? b : a));
    return `best median ${Format.short(value)} with ${Chart.short(Chart.brief(text), 30)} (${count})`;
  };

  // Draws the names of the categories: those with the best medians if they are many.
  const categories = (figure, column, rows, medians) => {
    const { left, right, bottom } = figure.box;
    const order = [...medians].sort((a, b) => Data.isBetter(b.value, a.value) - Data.isBetter(a.value, b.value));
    const kept = new Set(order.slice(0, MAX_CATEGORIES).map(({ text }) => text));
    const isKept = (text) => medians.length <= MAX_CATEGORIES || kept.has(text);
    const texts = Chart.categories(rows.map(keyOf(column))).filter(isKept).slice(0, MAX_CATEGORIES);
    const step = (right - left) / texts.length;
    const places = new Map(texts.map((text, index) => [text, left + (index + 0.5) * step]));
    const x = rows.map((row) => (places.get(keyOf(column)(row)) ?? NaN) + jitter(row) * Math.min(step * 0.6, 60));
    const length = Math.max(2, Math.floor(step / 7));
    const middle = { "text-anchor": "middle" };
    for (const [text, place] of places) figure.text(place, bottom + 16, Chart.brief(text), middle, length);
    return { x, ticks: medians.filter(({ text }) => places.has(text)).map(({ text, value }) => [places.get(text), value, Math.min(step * 0.35, 36)]) };
  };

  const card = (column, share, greatest) => {
    const isLuck = share && share.chance !== null && share.share <= share.chance;
    const bar = make("span", { class: isLuck ? "bar luck" : "bar" });
    bar.style.width = `${(100 * (share?.share ?? 0)) / greatest}%`;
    const finding = make("p");
    const sort = () => State.set({ sort: State.value.sort === column.name ? `-${column.name}` : column.name });
    const text = share ? `${share.share.toFixed(3)}${isLuck ? ", not above chance" : ""}` : "no share";
    const root = list.appendChild(make("div", { class: "slice" }, make("div", { class: "share" },
      Chart.button(Chart.name(column.label, 40), sort, { title: "Sort the leaderboard by it" }),
      make("span", { class: "track" }, bar), make("p", {}, text), finding)));
    const read = (row) => [Chart.name(`${column.label} ${column.text(row)}`, 60), ...Chart.result(row)];
    const figure = new Figure(root, { name: "slice", height: 150, isSmall: true, paint: paint(column), read });
    return Object.assign(figure, { finding, column });
  };

  const shown = () => Data.parameters().varying.slice(0, isWhole ? undefined : FIRST);
  const build = () => {
    for (const slice of slices) Chart.figures.delete(slice);
    list.replaceChildren();
    const shares = Data.importance?.shares ?? [];
    const greatest = Math.max(1e-9, ...shares.map(({ share }) => share));
    slices = shown().map((column) => card(column, shares.find((one) => one.column === column.name), greatest));
    const count = Data.parameters().varying.length;
    note.replaceChildren(!count ? "No hyper-parameter has different values."
      : Data.importance?.text ?? "The importance is not known: too few experiments have a finite value.");
    const showAll = () => {
      isWhole = true;
      build();
    };
    if (slices.length < count) note.append(" ", Chart.button(`Show all ${count}`, showAll));
  };

  return {
    mount(section) {
      section.querySelectorAll("p").forEach((old) => old.remove());
      note = section.appendChild(make("p"));
      list = section.appendChild(make("div", { class: "slices" }));
      build();
    },
    update(changed) {
      // A page that is read again has other columns of the same names, and another importance.
      const columns = changed.has("data") ? shown() : [];
      const isOther = (column, index) => slices[index]?.column !== column;
      if (changed.has("data") && (columns.length !== slices.length || columns.some(isOther))) build();
      if (["data", "where", "pin"].some((key) => changed.has(key))) for (const slice of slices) slice.redraw();
    },
    hover(row) {
      for (const slice of slices) slice.hover(row);
    },
  };
})();
