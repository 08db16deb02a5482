// The importance of the hyper-parameters, and the objective over the values of each of them.
const ParametersView = (() => {
  const FIRST = 8;
  const MAX_CATEGORIES = 30;
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
    const hasPlace = (row) =>
      (isCategory(column) ? column.has(row) : Chart.hasPlace(column.numbers[row], column.scale === "log"));
    const rows = Array.from(State.rows).filter((row) => Number.isFinite(Data.value(row)) && hasPlace(row));
    figure.finding.textContent = "";
    if (!rows.length) return `No matching experiment has both this and a finite ${Chart.short(objective, 40)}.`;
    const values = rows.map(Data.value);
    const numbers = rows.map((row) => column.numbers[row]);
    const isLog = column.scale === "log";
    const extent = Chart.results(values);
    const axisX = { extent: isCategory(column) ? null : Chart.range(numbers, { isLog }), isLog, label: column.label };
    const axisY = { extent, isLog: Chart.isWide(extent), label: objective };
    const { scaleX, scaleY, clampY } = figure.axes(axisX, axisY);
    const { x, ticks, finding } = isCategory(column) ? categories(figure, column, rows, values)
      : { x: numbers.map(scaleX.at), ticks: [], finding: Chart.correlation(numbers, values) };
    figure.dots(context, { x, y: values.map(clampY), rows });
    Object.assign(context, { globalAlpha: 1, strokeStyle: Chart.theme().ink, lineWidth: 2 });
    for (const [middle, value, half] of ticks) {
      context.beginPath();
      context.moveTo(middle - half, scaleY.at(value));
      context.lineTo(middle + half, scaleY.at(value));
      context.stroke();
    }
    figure.say(`${objective} over ${column.label}: ${finding}`);
    figure.finding.textContent = finding;
    return null;
  };

  // Draws the names of the categories. The ticks are the medians.
  const categories = (figure, column, rows, values) => {
    const { left, right, bottom } = figure.box;
    const texts = Chart.categories(rows.map((row) => column.text(row))).slice(0, MAX_CATEGORIES);
    const groups = new Map(texts.map((text) => [text, []]));
    rows.forEach((row, index) => groups.get(column.text(row))?.push(values[index]));
    const step = (right - left) / texts.length;
    const places = new Map(texts.map((text, index) => [text, left + (index + 0.5) * step]));
    const x = rows.map((row) => (places.get(column.text(row)) ?? NaN) + jitter(row) * Math.min(step * 0.6, 60));
    const length = Math.max(2, Math.floor(step / 7));
    for (const [text, place] of places) figure.text(place, bottom + 16, text, { "text-anchor": "middle" }, length);
    const medians = [...groups].map(([text, list]) => [text, median(list)]);
    const [text, value] = medians.reduce((a, b) => (Data.isBetter(b[1], a[1]) ? b : a));
    const ticks = medians.map((one) => [places.get(one[0]), one[1], Math.min(step * 0.35, 36)]);
    return { x, ticks, finding: `best median ${Format.short(value)} with ${Chart.short(text, 30)}` };
  };

  const card = (column, share, greatest) => {
    const bar = make("span", { class: "bar" });
    bar.style.width = `${(100 * (share?.share ?? 0)) / greatest}%`;
    const isLuck = share && share.chance !== null && share.share <= share.chance;
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
      if (changed.has("data") && shown().some(({ name }, index) => slices[index]?.column.name !== name)) build();
      if (["data", "where", "pin"].some((key) => changed.has(key))) for (const slice of slices) slice.redraw();
    },
    hover(row) {
      for (const slice of slices) slice.hover(row);
    },
  };
})();
