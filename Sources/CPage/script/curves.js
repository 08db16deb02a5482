// Learning curves: those of the pinned experiments in colour over up to 195 others, or the means of groups with bands.
const CurvesView = (() => {
  const MAX_OTHERS = 195;
  const MAX_BUTTONS = 12;
  // The number of pixels per bucket, of which two values are drawn: of pinned lines, and of the others.
  const FINE = 2;
  const COARSE = 6;
  const KEYS = ["data", "where", "sort", "pin", "y", "logx", "smooth", "group", "channel", "from", "to"];
  let figure = null;
  let isStandardDeviation = false;
  // The curves as drawn: {row, xs, ys} in pixels, a gap is nan.
  let drawn = [];
  let scales = null;

  const channel = () =>
    [State.value.channel, Data.battery.objective].find((name) => Data.channels.includes(name)) ?? Data.channels[0];
  const isLogY = () => State.value.y === "log";
  const isLogX = () => State.value.logx !== "";
  const isShown = (value) => Lines.isShown(value, isLogY());
  const smoothed = (line) => Lines.smoothed(line, Math.min(Number(State.value.smooth) || 0, 0.999), isLogY());
  // Returns the epochs that are shown: all without limits.
  const limits = () => [["from", -Infinity], ["to", Infinity]].map(([key, none]) => {
    const text = State.value[key];
    return text === "" || !Number.isFinite(Number(text)) ? none : Number(text);
  });
  const isWhole = () => limits().every((limit) => !Number.isFinite(limit));
  const path = (x, y, step) => Lines.path(x, y, scales, step);

  // Draws a line. A long one of 2 pixels is two of 1 pixel, which a browser without a GPU draws ten times faster.
  const stroke = (context, line, style) => {
    const isLong = style.lineWidth > 1 && line.xs.length > 300;
    Object.assign(context, style, isLong ? { lineWidth: 1 } : {});
    for (const shift of isLong ? [-0.4, 0.4] : [0]) {
      context.beginPath();
      Lines.trace(context, line, shift);
      context.stroke();
    }
  };

  // Returns the lines to draw: {row, kind, x, y, raw, marks}, those in front last. The groups are those of the table
  // with a pinned experiment. The first pinned one gives the group its colour.
  const collect = () => {
    const [from, to] = limits();
    const line = (kind) => (row) => {
      const raw = Data.line(row, channel());
      return raw && { row, kind, ...Lines.part(raw, smoothed(raw), from, to), lead: row };
    };
    if (State.value.group) {
      const { list, fields } = Columns.groups();
      const lines = list.flatMap(({ rows }) => {
        const lead = State.pins.find((row) => rows.includes(row));
        const members = lead === undefined ? [] : rows.map(line("member")).filter(Boolean);
        if (!members.length) return [];
        const mean = Lines.band(members, isStandardDeviation, rows.length);
        return [...members.map((member) => ({ ...member, lead })),
          { ...mean, row: lead, lead, title: Columns.titleOfGroup(fields, lead), kind: "mean", raw: mean.y, marks: [],
            members: rows.length, known: members.length }];
      });
      return lines.sort((a, b) => (a.kind === "mean") - (b.kind === "mean"));
    }
    const others = [];
    for (const row of State.rows) {
      if (others.length >= MAX_OTHERS) break;
      if (State.colour(row) < 0 && Data.line(row, channel())) others.push(row);
    }
    return [...others.reverse().map(line("other")), ...[...State.pins].reverse().map(line("pin")).filter(Boolean)];
  };

  const paint = (_, context) => {
    drawn = [];
    if (!Data.channels.length) return "This page has no learning curves.";
    const name = Chart.short(channel(), 40);
    const lines = collect();
    const count = Data.lineCount(channel());
    const known = count < Data.rows ? ` The page has ${Format.counted(count, "curve")} of it.` : "";
    if (!lines.length) return `No ${State.value.group ? "pinned" : "matching"} experiment has a curve of ${name} here.${known}`;
    const extent = Lines.extents(lines, isLogX(), isLogY(), isWhole());
    const place = isWhole() ? "" : " at these epochs";
    if (!extent) return `No curve of ${name} has a finite value${isLogY() ? " above 0" : ""}${place}.`;
    const single = lines.filter(({ kind }) => kind !== "mean");
    const low = isLogY() ? single.reduce((sum, { y }) => sum + y.filter((value) => value <= 0).length, 0) : 0;
    const lost = single.filter(({ y, marks }) => marks.length && !y.some((value) => value === value)).length;
    const isNarrow = figure.width < 600;
    const { scaleX, scaleY } = figure.axes({ extent: extent.x, isLog: isLogX(), label: "epoch" },
      { extent: extent.y, isLog: isLogY(), label: channel() },
      { right: isNarrow ? 90 : 160, lanes: (low > 0) + (lost > 0) });
    const { box, width } = figure;
    const key = JSON.stringify([extent, box, isLogX(), isLogY()]);
    scales = { atX: scaleX.at, atY: scaleY.at, inverse: scaleX.inverse, isLog: isLogY(), width, key };
    const lanes = { low: low ? figure.lane(0, `${Format.counted(low, "value")} ≤ 0`) : null };
    const label = isNarrow ? `no number: ${lost}` : `${Format.counted(lost, "curve")} without a number`;
    if (lost) lanes.lost = figure.lane(low ? 1 : 0, label);
    draw(context, lines, lanes, isNarrow ? 9 : 18);
    describe(lines, extent.note + (isLogX() && lines.some(({ x }) => x[0] <= 0) ? " Epoch 0 has no place." : ""));
    return null;
  };

  const draw = (context, lines, lanes, length) => {
    const { pins, muted, faint, bad } = Chart.theme();
    const { right, top, bottom } = figure.box;
    const [labels, crosses] = [[], []];
    figure.clip(context);
    for (const line of lines) {
      const { row, kind, x, y, raw, marks } = line;
      const isFront = kind === "pin" || kind === "mean";
      const colour = State.colour(line.lead);
      const strokeStyle = kind === "other" ? muted : pins[colour];
      const points = path(x, y, isFront ? FINE : COARSE);
      drawn.push({ row, ...points });
      if (kind === "mean") Lines.fillBand(context, line, scales, figure.box.bottom, strokeStyle);
      context.setLineDash(isFront ? Chart.DASHES[colour] : []);
      if (isFront && raw !== y) stroke(context, path(x, raw, FINE), { strokeStyle, lineWidth: 1, globalAlpha: 0.3 });
      const thin = { lineWidth: 1 / figure.ratio, globalAlpha: 0.35 };
      stroke(context, points, { strokeStyle, ...(isFront ? { lineWidth: 2, globalAlpha: 1 } : thin) });
      const end = points.ys.findLastIndex((place) => place === place);
      const mark = marks.find(([epoch]) => end < 0 || scales.atX(epoch) > points.xs[end]) ?? marks[0];
      if (mark) {
        const at = scales.atX(mark[0]);
        // The last value before it may be far above the axis.
        const y = end < 0 ? lanes.lost : Chart.clamp(Lines.before(points, at), top, bottom);
        crosses.push([at, y, isFront ? strokeStyle : bad, 3]);
      }
      if (lanes.low) x.forEach((epoch, i) => y[i] <= 0 && crosses.push([scales.atX(epoch), lanes.low, strokeStyle, 0]));
      if (!isFront || end < 0) continue;
      labels.push([Points.within(figure.box, points.xs[end], points.ys[end]), label(line, mark, length), strokeStyle]);
    }
    context.restore();
    context.setLineDash([]);
    const segment = (strokeStyle, x1, y1, x2, y2) => {
      Object.assign(context, { strokeStyle, lineWidth: 1.5, globalAlpha: 1 });
      context.beginPath();
      context.moveTo(x1, y1);
      context.lineTo(x2, y2);
      context.stroke();
    };
    for (const [x, y, colour, half] of crosses) {
      for (const side of half ? [-half, half] : [0]) segment(colour, x - side, y - 3, x + side, y + 3);
    }
    // A dot ends a line. What leads from there to the label is dotted and faint, because it is no data.
    const heights = Chart.spread(labels.map(([{ y }]) => y), 15, top, bottom);
    labels.forEach(([place, text, colour], index) => {
      context.fillStyle = colour;
      Points.dot(context, place, 3);
      context.setLineDash([1, 3]);
      if (place.x < right - 8) segment(faint, place.x + 6, place.y, right, place.y);
      context.setLineDash([]);
      segment(colour, right + 2, place.y, right + 9, heights[index]);
      figure.text(right + 11, heights[index] + 4, text);
    });
  };

  const label = ({ row, title, kind, count, members }, mark, length) => {
    const end = kind === "mean" ? ` ×${count}${count < members ? ` of ${members}` : ""}` : mark ? ` ${mark[1]}@${mark[0]}` : "";
    return `\u2068${Chart.short(title ?? Data.id(row), length - end.length / 2)}\u2069${end}`;
  };
  const describe = (lines, note) => {
    const count = (kind) => lines.filter((line) => line.kind === kind).length;
    const kind = isStandardDeviation ? "one standard deviation" : "least to greatest value";
    if (State.value.group) {
      const means = lines.filter((line) => line.kind === "mean");
      const isPart = means.some(({ known, members }) => known < members);
      const part = isPart ? ` The page has ${Format.counted(Data.lineCount(channel()), "curve")} of ${channel()}, not those of all members.` : "";
      const which = State.hasPins() ? " with a pinned experiment" : ", the best";
      return figure.say(`Means of ${Format.counted(means.length, "group")}${which}, at the epochs of at least half of the members. `
        + `A gap: fewer members go on. Bands: ${kind}.${part}${note}`);
    }
    const matching = State.rows.filter((row) => Data.line(row, channel())).length;
    const own = State.hasPins() ? Format.counted(count("pin"), "pinned experiment") : `the ${count("pin")} best`;
    figure.say(Chart.name(channel(), 40), ` of ${own} in colour and of `
      + `${count("other")} in grey, of ${Format.counted(matching, "matching curve")} on the page. ✕: nan or inf.${note}`);
  };

  const read = (row, x) => {
    const line = Data.line(row, channel());
    if (!line) return [];
    const epoch = scales.inverse(x);
    let index = Math.min(Lines.search(line.x, epoch), line.x.length - 1);
    if (index > 0 && epoch - line.x[index - 1] < line.x[index] - epoch) index -= 1;
    return [`epoch ${line.x[index]} · `, Chart.name(channel(), 40), ` ${Format.number(line.y[index])}`];
  };
  const over = (context, row) => {
    const line = scales && Data.line(row, channel());
    if (!line) return;
    figure.clip(context);
    stroke(context, path(line.x, smoothed(line), FINE), { lineWidth: 2.5 });
    context.restore();
  };
  const table = () => {
    const rows = [...new Set([...State.pins, ...State.rows])].filter((row) => Data.line(row, channel()));
    const cells = (row) => {
      const { x, y, marks } = Data.line(row, channel());
      const last = y.findLastIndex((value) => value === value);
      return [Data.id(row), y.length, x[last], y[last], marks.length ? `${marks[0][1]}@${marks[0][0]}` : ""];
    };
    const head = ["id", "values", "last epoch", `last ${channel()}`, "first nan or inf"];
    return { head, rows: rows.slice(0, 200).map(cells), total: rows.length };
  };

  // Returns the fields of the limits. A drag over the curves sets them, too.
  const epochs = () => {
    const { make } = Chart;
    const enter = (key) => ({ target }) => {
      target.defaultValue = target.value;
      State.set({ [key]: target.value });
    };
    const field = (key, label, placeholder) => make("input", { type: "number", "aria-label": label, placeholder,
      value: State.value[key], change: enter(key) });
    const all = Chart.button("all epochs", () => State.set({ from: "", to: "" }));
    return [make("span", { class: "epochs", title: "Drag over the curves to select epochs" }, "epochs ",
      field("from", "first epoch", "first"), " to ", field("to", "last epoch", "last")), ...(isWhole() ? [] : [all])];
  };
  const select = (low, high) => {
    // A pointer rarely hits the middle of a tick.
    const from = Math.ceil(scales.inverse(low) - 0.3);
    State.set({ from: String(from), to: String(Math.max(Math.floor(scales.inverse(high) + 0.3), from + 1)) });
  };

  const controls = () => {
    const { value } = State;
    const { make, toggle } = Chart;
    const set = (key) => (event) => State.set({ [key]: event.target.value });
    const switched = (text, key, isOn) => toggle(text, isOn, () => State.set({ [key]: isOn ? "" : "log" }));
    const option = (name) =>
      make("option", { value: name, selected: name === channel() ? "" : null }, Chart.short(name, 24));
    const first = (name) => name === Data.battery.objective;
    const names = [...Data.channels].sort((a, b) => first(b) - first(a));
    const menu = () => make("select", { "aria-label": "channel", change: set("channel") }, ...names.map(option));
    const channels = names.length > MAX_BUTTONS ? [menu()]
      : names.map((name) => toggle(Chart.name(name, 24), name === channel(), () => State.set({ channel: name })));
    const range = { type: "range", min: "0", max: "0.99", step: "0.01", value: value.smooth, input: set("smooth") };
    if (!names.length) return;
    const deviation = () => {
      isStandardDeviation = !isStandardDeviation;
      CurvesView.update(new Set(["y"]));
    };
    Chart.refresh(figure.controls, [
      ...channels, ...epochs(), switched("log x", "logx", isLogX()), switched("log y", "y", isLogY()),
      make("label", {}, "smooth ", make("input", range), make("output", {}, ` ${value.smooth}`)),
      ...(value.group ? [toggle("standard deviation", isStandardDeviation, deviation)] : []),
    ]);
  };

  return {
    mount(section) {
      section.querySelectorAll("p").forEach((old) => old.remove());
      const find = (x, y) => Lines.nearest(drawn, x, y);
      figure = new Figure(section, { name: "learning curves", height: 380, paint, find, read, over, table });
      Zoom.attach(figure, select, () => State.set({ from: "", to: "" }));
      controls();
    },
    update(changed) {
      if (!KEYS.some((key) => changed.has(key))) return;
      controls();
      figure.redraw();
    },
    hover: (row) => figure.hover(row),
  };
})();
