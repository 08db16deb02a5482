// One axis of parallel coordinates: its ticks, the position of each row, and the numbers of rows that have none.
const Axis = (() => {
  // The height that an axis leaves to the values beyond its end.
  const END = 16;

  const rangeOf = (column) => Chart.remember(column, "range", Data.version, () =>
    (column.kind === "max" ? Chart.results(column.numbers)
      : Chart.range(column.numbers, { isLog: Chart.isLog(column) })) ?? { low: 0, high: 1 });
  // Returns the height of a lane.
  const middle = ({ bottom }, lane) => bottom + (lane + 0.5) * Figure.LANE + 6;

  const words = (axis, column, { top, bottom }) => {
    const texts = Chart.categories(Array.from(axis.ys, (_, row) => column.text(row)));
    const step = (bottom - top) / texts.length;
    const places = new Map(texts.map((text, index) => [text, top + (index + 0.5) * step]));
    if (step >= 11) axis.ticks = texts.map((text) => ({ at: places.get(text), text: Chart.brief(text) }));
    Object.assign(axis, { places, step });
    return (row) => places.get(column.text(row));
  };

  const numbers = (axis, column, { top, bottom }) => {
    const { low, high } = rangeOf(column);
    const isLog = column.kind === "max" ? Chart.isWide({ low, high }) : Chart.isLog(column);
    const hasPlace = (value) => Chart.hasPlace(value, isLog);
    const note = (y, side, isBeyond) => {
      const count = column.numbers.filter((value) => hasPlace(value) && isBeyond(value)).length;
      if (count) axis.notes.push([y, `${count} ${side}`]);
      return count ? END : 0;
    };
    const floor = bottom - note(bottom, "below", (value) => value < low);
    const ceiling = top + note(top, "above", (value) => value > high);
    const scale = Chart.scale({ low, high }, isLog, floor, ceiling);
    const values = Chart.few(column)?.filter(hasPlace);
    if (column.numbers.some(hasPlace)) axis.ticks = Figure.ticks(scale, floor - ceiling, 60, { values });
    Object.assign(axis, { scale, isLog, floor, ceiling });
    return (row) => {
      const value = column.numbers[row];
      if (hasPlace(value)) return value < low ? bottom : value > high ? top : scale.at(value);
    };
  };

  // Returns the axis of a column. Values that are missing or have no place are on two lanes beneath.
  const make = (column, x, box) => {
    const axis = { column, x, ys: new Float32Array(Data.rows), ticks: [], notes: [], lanes: [0, 0] };
    const place = (Chart.isCategory(column) ? words : numbers)(axis, column, box);
    for (let row = 0; row < Data.rows; row += 1) {
      const y = place(row);
      const lane = Number(y === undefined && column.has(row));
      if (y === undefined) axis.lanes[lane] += 1;
      axis.ys[row] = y ?? middle(box, lane);
    }
    ["missing", axis.isLog ? "≤ 0, nan or null" : "no number"].forEach((text, lane) => {
      if (axis.lanes[lane]) axis.notes.push([middle(box, lane), `${axis.lanes[lane]} ${text}`]);
    });
    return axis;
  };

  return { make, middle };
})();
