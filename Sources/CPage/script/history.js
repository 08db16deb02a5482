// The best value so far over the experiments, and the objective beside the value of the test.
const HistoryView = (() => {
  const UNITS = [["days", 864e5], ["hours", 36e5], ["minutes", 6e4], ["seconds", 1e3]];
  // The shapes of the statuses that are no circle, in halves of the size. Crosses and rings are not filled.
  const SHAPES = {
    failed: [[-1, -1, 1, 1], [1, -1, -1, 1]], running: [[-1, -1, 1, 0, -1, 1, -1, -1]],
    stopped: [[-1, -1, 1, -1, 1, 1, -1, 1, -1, -1]],
  };
  let best = null;
  let cloud = null;

  const statusOf = (row) => Data.text("status", row);
  const testColumn = () => (Data.battery.objective === "test" ? null : Data.column("max.test"));

  const mark = (context, status, place, size) => {
    const { x, y, dx, dy } = place;
    if (dx || dy) return Points.dot(context, place, size);
    if (SHAPES[status]) {
      context.beginPath();
      for (const shape of SHAPES[status]) {
        context.moveTo(x + size * shape[0], y + size * shape[1]);
        for (let i = 2; i < shape.length; i += 2) context.lineTo(x + size * shape[i], y + size * shape[i + 1]);
      }
    } else {
      Points.ring(context, x, y, size);
    }
    if (status === "failed" || status === "lost") context.stroke();
    else context.fill();
  };

  // The matching experiments in the order in which they ended; those that run are last.
  const ended = () => {
    const times = Data.column("updated")?.numbers ?? [];
    const isRunning = Array.from({ length: Data.rows }, (_, row) => statusOf(row) === "running");
    return Array.from(State.rows).sort((a, b) => isRunning[a] - isRunning[b] || times[a] - times[b] || 0);
  };

  const paintBest = (figure, context) => {
    const isByTime = State.value.by === "time";
    const rows = ended();
    const { objective } = Data.battery;
    if (!rows.length) return Data.rows ? "No experiment matches the filter." : "There is no experiment yet.";
    const values = rows.map(Data.value);
    const extent = Chart.results(values);
    if (!extent) return `No experiment of ${rows.length} has a finite ${Chart.short(objective, 40)}.`;
    const times = rows.map((row) => Data.number("updated", row));
    const start = rows.reduce((least, row) => Math.min(least, Data.number("started", row) || Infinity), Infinity);
    const span = times.reduce((most, time) => Math.max(most, time || 0), 0) - start;
    const [unit, length] = UNITS.find((one) => span > 3 * one[1]) ?? UNITS[3];
    const axisX = isByTime ? { extent: { low: 0, high: span / length }, label: `${unit} since the first start` }
      : { extent: { low: 1, high: rows.length, isInteger: true }, label: "experiments by end" };
    const axisY = { extent, isLog: Chart.isWide(extent), label: objective };
    const isPlaced = (value) => Chart.hasPlace(value, axisY.isLog);
    const missing = values.filter((value) => !isPlaced(value)).length;
    const { scaleX, scaleY } = figure.axes(axisX, axisY, { right: missing ? 110 : 24, lanes: missing ? 1 : 0 });
    const lane = missing ? figure.lane(0, `${missing} without a ${axisY.isLog ? "place" : "value"}`) : 0;
    const x = times.map((time, i) => scaleX.at(isByTime ? (time - start) / length : i + 1));
    const places = values.map((value, i) =>
      (isPlaced(value) ? Points.within(figure.box, x[i], scaleY.at(value)) : { x: x[i], y: lane, dx: 0, dy: 0 }));
    drawMarks(context, rows, places);
    Points.keep(figure, rows, places);
    let leader = -1;
    Object.assign(context, { globalAlpha: 1, strokeStyle: Chart.theme().ink, lineWidth: 2 });
    context.beginPath();
    let height = 0;
    values.forEach((value, i) => {
      if (!isPlaced(value) || (leader >= 0 && !Data.isBetter(value, values[leader]))) return;
      if (leader < 0) context.moveTo(x[i], places[i].y);
      else context.lineTo(x[i], height);
      height = places[i].y;
      context.lineTo(x[i], height);
      leader = i;
    });
    context.lineTo(figure.box.right, height);
    context.stroke();
    const later = rows.length - 1 - leader;
    const place = later ? `${Format.counted(later, "experiment")} before the latest one` : "the latest experiment";
    const age = Format.ago(times[leader], Data.now);
    const value = Format.number(values[leader]);
    figure.say(`Last improvement: ${place}, ${age}, to ${value} by `, Chart.name(Data.id(rows[leader]), 40), ".");
    return null;
  };

  const drawMarks = (context, rows, places) => {
    const { muted, bad, pins, good } = Chart.theme();
    context.lineWidth = 1.5;
    rows.forEach((row, index) => {
      const status = statusOf(row);
      const colour = pins[State.colour(row)] ?? { done: muted, running: good }[status] ?? bad;
      context.globalAlpha = colour === muted ? 0.5 : 1;
      context.fillStyle = context.strokeStyle = colour;
      mark(context, status, places[index], State.colour(row) < 0 ? 3 : 5);
    });
  };

  const paintCloud = (figure, context) => {
    const test = testColumn();
    const { objective } = Data.battery;
    if (!test) return "No experiment has a value of test.";
    const rows = Array.from(State.rows).filter((row) => Number.isFinite(Data.value(row) + test.numbers[row]));
    if (!rows.length) return `No matching experiment has both ${Chart.short(objective, 40)} and test.`;
    const [x, y] = [rows.map(Data.value), rows.map((row) => test.numbers[row])];
    const extent = Chart.results([...x, ...y]);
    const axis = { extent, isLog: Chart.isWide(extent), label: objective };
    const { scaleX, scaleY } = figure.axes(axis, { ...axis, label: "test at the best epoch" });
    const [low, high] = [scaleX.low, scaleX.high];
    figure.rule(scaleX.at(low), scaleY.at(low), scaleX.at(high), scaleY.at(high), "identity");
    // A 0 on a log axis is beyond its end.
    const at = (scale, end) => (value) => (Chart.hasPlace(value, axis.isLog) ? scale.at(value) : end);
    Points.draw(figure, context, rows, x.map(at(scaleX, -Infinity)), y.map(at(scaleY, Infinity)));
    const gap = x.reduce((sum, value, index) => sum + (value - y[index]) / rows.length, 0);
    const leader = x.reduce((found, value, index) => (Data.isBetter(value, x[found]) ? index : found), 0);
    const count = Format.counted(rows.length, "experiment");
    const change = Data.isHighestBest ? "larger" : "smaller";
    const reason = rows.length > 1 ? ` The choice of the best one of many makes its difference ${change}.` : "";
    figure.say(Chart.name(objective, 40), ` and test: ${Chart.correlation(x, y)} over ${count}. Mean difference `
      + `${Format.short(gap)}, of the best one ${Format.short(x[leader] - y[leader])}.${reason}`);
    return null;
  };

  const columns = () => [Data.objective, testColumn()].filter(Boolean);
  const table = () => {
    const rows = ended().reverse();
    const cells = (row) => [Data.id(row), statusOf(row), Format.time(Data.number("updated", row)),
      ...columns().map(({ numbers }) => numbers[row])];
    const head = ["id", "status", "updated", ...columns().map(({ label }) => label)];
    return { head, rows: rows.slice(0, 200).map(cells), total: rows.length };
  };
  const read = (row) => [statusOf(row),
    ...columns().map(({ label, numbers }) => ` · ${Chart.short(label, 40)} ${Format.number(numbers[row])}`)];

  let pair = null;
  const options = { height: 280, read, table };
  const addCloud = () => {
    if (testColumn()) cloud ??= new Figure(pair, { ...options, name: "objective and test", paint: paintCloud });
  };

  const controls = () => {
    const by = (text, value) => Chart.toggle(text, State.value.by === value, () => State.set({ by: value }));
    Chart.refresh(best.controls, [by("by number", ""), by("by time", "time")]);
  };

  return {
    mount(section) {
      section.querySelectorAll("p").forEach((old) => old.remove());
      pair = section.appendChild(Chart.make("div", { class: "pair" }));
      best = new Figure(pair, { ...options, name: "best so far", paint: paintBest });
      controls();
      addCloud();
    },
    update(changed) {
      if (!["data", "where", "pin", "by"].some((key) => changed.has(key))) return;
      controls();
      addCloud();
      best.redraw();
      cloud?.redraw();
    },
    hover(row) {
      best.hover(row);
      cloud?.hover(row);
    },
  };
})();
